// The vendors' own client libraries, or the ones in widest use, against the stand-ins of the vendors: what they read
// of what our sinks wrote, what they write and take away themselves, and whether they understand a refusal. A stand-in
// that is friendlier than its vendor would be found out by a library that was written for the vendor.
// `vendor_clients.js MODULES VENDOR`, what is given as JSON on standard input, what was seen on standard output. Own
// file because Node alone has all of these libraries.
const need = require('module').createRequire(process.argv[2] + '/');

// What a refusal is, wherever a library keeps it: the status, the vendor's word, or a message with the status in it.
async function refusal(promise) {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    const known = [error.code, error.response?.status, error.errorCode, error.error, /\((\d{3})\)/.exec(error.message)?.[1]];
    return known.find((one) => one !== undefined && one !== 'ERR_BAD_REQUEST') ?? String(error);
  }
}

const vendors = {
  async hubspot({ url, token, object, record, note, task }) {
    const { Client } = need('@hubspot/api-client');
    const of = (accessToken) => new Client({ accessToken, basePath: url, numberOfApiCallRetries: 0 }).crm;
    const crm = of(token);
    const { notes, tasks } = crm.objects;
    const read = await notes.basicApi.getById(note, ['hs_note_body'], undefined, [object]);
    const linked = await crm.associations.v4.basicApi.getPage(object, record, 'notes');
    const many = await notes.batchApi.read({ inputs: [{ id: note }], properties: ['hs_note_body'], propertiesWithHistory: [] });
    const found = await notes.searchApi.doSearch({
      filterGroups: [{ filters: [{ propertyName: 'hs_note_body', operator: 'CONTAINS_TOKEN', value: 'boiler' }] }],
      properties: ['hs_note_body'], limit: 10, after: undefined, sorts: [],
    });
    const other = { properties: { hs_timestamp: new Date().toISOString(), hs_note_body: 'of another' } };
    const link = (associationTypeId) => [{ to: { id: record }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }] }];
    const own = await notes.basicApi.create({ ...other, associations: link(214) });
    const shown = await notes.basicApi.getById(own.id, ['hs_note_body'], undefined, [object]);
    await notes.basicApi.archive(own.id);
    return {
      body: read.properties.hs_note_body, hangs_on: read.associations[object].results[0].id,
      linked: linked.results.map((one) => one.toObjectId), many: many.results.map((one) => one.id), found: found.total,
      task: (await tasks.basicApi.getById(task, ['hs_task_subject', 'hs_task_priority'])).properties,
      priority: (await crm.deals.basicApi.getById(record, ['hs_priority'])).properties.hs_priority,
      choices: (await crm.properties.coreApi.getByName(object, 'hs_priority')).options.map((one) => one.value),
      own: shown.properties.hs_note_body.includes('of another'),
      refusals: [
        await refusal(notes.basicApi.getById(own.id)), await refusal(of('another').objects.notes.basicApi.getById(note)),
        await refusal(notes.basicApi.create({ properties: { hs_note_body: 'no time' }, associations: [] })),
        await refusal(notes.basicApi.create({ ...other, associations: link(204) })), await refusal(tasks.basicApi.getPage()),
      ],
    };
  },

  async pipedrive({ url, token, record, note, task, field }) {
    const [first, second] = [need('pipedrive/v1'), need('pipedrive/v2')];
    const of = (apiKey) => {
      const one = new first.Configuration({ apiKey, basePath: `${url}/api/v1` });
      const two = new second.Configuration({ apiKey, basePath: `${url}/api/v2` });
      return { notes: new first.NotesApi(one), users: new first.UsersApi(one), deals: new second.DealsApi(two),
        activities: new second.ActivitiesApi(two), fields: new second.DealFieldsApi(two) };
    };
    const api = of(token);
    const own = (await api.notes.addNote({ AddNoteRequest: { content: 'of another', deal_id: record } })).data;
    const listed = (await api.notes.getNotes({ deal_id: record })).data.map((one) => one.id);
    await api.notes.deleteNote({ id: own.id });
    const doing = (await api.activities.addActivity({ AddActivityRequest: { subject: 'Own', type: 'call', deal_id: record } })).data;
    await api.activities.deleteActivity({ id: doing.id });
    return {
      body: (await api.notes.getNote({ id: note })).data.content, listed, own: own.id,
      task: (await api.activities.getActivity({ id: task })).data,
      activities: (await api.activities.getActivities({ deal_id: record })).data.map((one) => one.id),
      priority: (await api.deals.getDeal({ id: record })).data.custom_fields[field],
      choices: (await api.fields.getDealField({ field_code: field })).data.options.map((one) => one.id),
      me: (await api.users.getCurrentUser()).data.is_admin,
      refusals: [
        await refusal(api.notes.getNote({ id: own.id })), await refusal(of('another').notes.getNote({ id: note })),
        await refusal(api.notes.addNote({ AddNoteRequest: { content: 'hangs on nothing' } })), await refusal(api.deals.getDeals()),
      ],
    };
  },

  async salesforce({ url, token, secret, record, note, task }) {
    const { Connection } = need('jsforce');
    const oauth2 = { clientId: 'client-1', clientSecret: secret, loginUrl: url };
    const of = (more) => new Connection({ instanceUrl: url, version: '62.0', maxRequest: 1, ...more });
    const crm = of({ oauth2 });
    await crm.authorize({ grant_type: 'client_credentials' });
    const tasks = crm.sobject('Task');
    // With a token that expired it asks for a new one by itself, when it understands the refusal.
    let renewed = 0;
    const late = of({ oauth2, accessToken: 'expired', refreshToken: 'refresh-1' });
    late.on('refresh', () => { renewed += 1; });
    await late.sobject('Task').retrieve(note);
    const upserts = [];
    for (const Subject of ['Own', 'Own again']) {
      upserts.push((await tasks.upsert({ OpsPilot_Key__c: 'own-1', Subject, WhatId: record }, 'OpsPilot_Key__c')).created);
    }
    const mine = await crm.query("SELECT Id, Subject FROM Task WHERE OpsPilot_Key__c = 'own-1'");
    await tasks.destroy(mine.records[0].Id);
    const listed = await crm.query(`SELECT Id FROM Task WHERE WhatId = '${record}' ORDER BY CreatedDate`);
    const says = await crm.sobject('Case').describe();
    return {
      token: crm.accessToken === token, renewed, upserts, mine: mine.totalSize, own: mine.records[0].Subject,
      note: await tasks.retrieve(note), task: await tasks.retrieve(task), listed: listed.records.map((one) => one.Id),
      priority: (await crm.sobject('Case').retrieve(record)).Priority,
      choices: says.fields.find((one) => one.name === 'Priority').picklistValues.map((one) => one.value),
      refusals: [
        await refusal(tasks.retrieve(mine.records[0].Id)), await refusal(of({ accessToken: 'another' }).sobject('Task').retrieve(note)),
        await refusal(crm.query("SELECT Id FROM Task WHERE Description = 'x'")), await refusal(tasks.create({ Subject: 'x'.repeat(256) })),
        await refusal(crm.sobject('Lead').create({})), await refusal(crm.request('/services/data/v62.0/limits')),
      ],
    };
  },

  async zendesk({ url, token, record }) {
    const { createClient } = need('node-zendesk');
    const of = (one) => createClient({ username: 'ops@pilot.test', token: one, endpointUri: `${url}/api/v2` });
    const desk = of(token);
    const ticket = (await desk.tickets.show(record)).result;
    const comments = (await desk.tickets.getComments(record)).flatMap((one) => one.comments ?? one);
    const own = (await desk.tickets.create({ ticket: { subject: 'Own', comment: { body: 'of another' }, priority: 'low' } })).result;
    await desk.tickets.update(own.id, { ticket: { comment: { body: 'private', public: false } } });
    const last = (await desk.tickets.getComments(own.id)).flatMap((one) => one.comments ?? one).at(-1);
    await desk.tickets.delete(own.id);
    return {
      priority: ticket.priority, comments: comments.map((one) => [one.plain_body, one.public]), own: [last.plain_body, last.public],
      refusals: [
        await refusal(desk.tickets.show(own.id)), await refusal(of('another').tickets.show(record)),
        await refusal(desk.tickets.create({ ticket: { subject: 's', comment: { body: 'b' }, priority: 'asap' } })),
      ],
    };
  },

  async jira({ url, token, record }) {
    const { Version3Client } = need('jira.js');
    const of = (apiToken) => new Version3Client({ host: url, authentication: { basic: { email: 'ops@pilot.test', apiToken } } });
    const jira = of(token);
    const text = (words) => ({ type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: words }] }] });
    const issue = await jira.issues.getIssue({ issueIdOrKey: record });
    const own = await jira.issues.createIssue({ fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'Own' } });
    const comment = await jira.issueComments.addComment({ issueIdOrKey: own.key, comment: text('of another') });
    const read = await jira.issueComments.getComments({ issueIdOrKey: own.key });
    await jira.issueComments.deleteComment({ issueIdOrKey: own.key, id: comment.id });
    await jira.issues.deleteIssue({ issueIdOrKey: own.key });
    return {
      priority: issue.fields.priority.name, subtasks: issue.fields.subtasks.map((one) => one.key),
      comments: issue.fields.comment.comments.map((one) => JSON.stringify(one.body)), own: read.comments.map((one) => one.id === comment.id),
      me: (await jira.myself.getCurrentUser()).accountId,
      refusals: [
        await refusal(jira.issues.getIssue({ issueIdOrKey: own.key })), await refusal(of('another').issues.getIssue({ issueIdOrKey: record })),
        await refusal(jira.issues.createIssue({ fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'a\nb' } })),
      ],
    };
  },
};

vendors.freshdesk = async ({ url, token, record, note }) => {
  const Freshdesk = need('freshdesk-api');
  const of = (key) => {
    const desk = new Freshdesk(url, key);
    return (method, ...args) => new Promise((yes, no) => {
      desk[method](...args, (error, data) => (error ? no({ code: error.status, ...error }) : yes(data)));
    });
  };
  const ask = of(token);
  const own = await ask('createTicket', { subject: 'Own', email: 'eve@client.test', description: 'x', priority: 1, status: 2 });
  const written = await ask('createNote', own.id, { body: 'of another', private: true });
  const edited = await ask('updateConversation', written.id, { body: 'of another, again' });
  await ask('deleteConversation', written.id);
  const left = await ask('listAllConversations', own.id);
  const conversation = await ask('listAllConversations', record);
  return {
    priority: (await ask('getTicket', record)).priority, me: (await ask('currentAgent')).contact.email,
    notes: conversation.map((one) => [String(one.id) === note, one.body_text, one.private]),
    own: [written.private, edited.body_text, left.length], raised: (await ask('updateTicket', own.id, { priority: 3 })).priority,
    refusals: [
      await refusal(ask('deleteConversation', written.id)), await refusal(of('another')('getTicket', record)),
      await refusal(ask('updateTicket', own.id, { priority: 9 })), await refusal(ask('createTicket', { subject: 'of nobody' })),
    ],
  };
};

const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
vendors[process.argv[3]](given).then(
  (seen) => process.stdout.write(JSON.stringify(seen), () => process.exit(0)),
  (cause) => { console.error(cause); process.exit(1); },
);
