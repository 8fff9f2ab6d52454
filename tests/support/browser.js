// Drives a Chromium for one test: a line of JSON with `do` in, a line with `is` or `error` out, in order. It judges nothing: what a
// page asked for, said to the console and breaks of accessibility rules goes back as it is. Ends with its standard input.
// `browser.js MODULES CHROMIUM FLAGS`
const need = require('module').createRequire(process.argv[2] + '/');
const { chromium } = need('playwright-core');
const fs = require('fs');
const path = require('path');
const axe = fs.readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

// The longest wait for anything on a page of ours; long because the machine may be doing other things.
const PATIENCE = 30000;
const DESK = { width: 1280, height: 800, deviceScaleFactor: 1, mobile: false };
const PHONE = { width: 360, height: 740, deviceScaleFactor: 2, mobile: true };
const LOOKS = [['light', DESK], ['dark', DESK], ['light', PHONE], ['dark', PHONE]];
// The highest picture, in pixels of the page.
const HIGHEST = 6000;

const visitors = new Map();

// A page with all that is heard of it since it was last opened.
async function watched(context, origin) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const cdp = await context.newCDPSession(page);
  // What is on its way, by the name of the request; streams of events never end and are not waited for.
  const it = { page, context, cdp, origin, heard: null, authenticator: null, underway: new Map() };
  const forget = () => { it.heard = { status: 0, weight: 0, console: [], foreign: [], failed: [] }; };
  forget();
  it.forget = forget;
  await cdp.send('Network.enable');
  // What a page weighs is what it weighs for who opens it for the first time.
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  cdp.on('Network.requestWillBeSent', (told) => {
    if (told.type !== 'EventSource') it.underway.set(told.requestId, { document: told.loaderId, url: told.request.url });
  });
  cdp.on('Network.loadingFailed', (told) => it.underway.delete(told.requestId));
  cdp.on('Network.loadingFinished', (told) => {
    it.underway.delete(told.requestId);
    it.heard.weight += told.encodedDataLength;
  });
  page.on('request', (request) => {
    const url = request.url();
    if (/^(data|blob|about):/.test(url)) return;
    if (new URL(url).origin !== it.origin) it.heard.foreign.push(url);
  });
  page.on('response', (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) it.heard.status = response.status();
    else if (response.status() >= 400) it.heard.failed.push(`${response.status()} ${response.url()}`);
  });
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    // That a document itself has a status of refusal is what some tests are after.
    const own = /^Failed to load resource/.test(message.text()) && message.location().url === page.url();
    if (!own) it.heard.console.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => it.heard.console.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => { it.heard.console.push(`dialog: ${dialog.message()}`); dialog.dismiss().catch(() => {}); });
  return it;
}

// Whether it looks so, by media queries: a page that is wider than a phone is shown smaller, and its window says that it is wide.
async function looked(it, scheme, size) {
  const query = `(prefers-color-scheme: ${scheme}) and (width: ${size.width}px)`;
  if (!await it.page.evaluate((query) => matchMedia(query).matches, query)) throw new Error(`the page does not look ${scheme} at ${size.width}`);
}

// As a screen of this size, with the scheme of colours.
async function look(it, scheme, size) {
  await it.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  await it.cdp.send('Emulation.setDeviceMetricsOverride', size);
  await it.cdp.send('Emulation.setTouchEmulationEnabled', { enabled: size.mobile });
  // Two frames, after which the new look has been laid out and painted.
  if (it.script) await it.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await looked(it, scheme, size);
}

// Everything that the page asked for is here: events of the network and of the page come in no order. What the document before asked for
// is nobody's any more, and its end is not always told.
async function quiet(it) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const { frameTree: { frame } } = await it.cdp.send('Page.getFrameTree');
    const mine = [...it.underway.values()].filter(({ document }) => document === frame.loaderId);
    if (mine.length === 0) return;
    if (Date.now() > end) throw new Error(`requests of the page never ended: ${mine.map(({ url }) => url).join(' ')}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

async function judged(it) {
  await quiet(it);
  await it.page.evaluate(axe);
  const found = await it.page.evaluate(() => window.axe.run(document, {
    resultTypes: ['violations', 'incomplete'], rules: { 'target-size': { enabled: true } },
  }));
  const short = (kind) => kind.map((rule) => `${rule.id} (${rule.impact}): ${rule.help}: `
    + rule.nodes.slice(0, 5).map((node) => `${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`).join('; '));
  return { violations: short(found.violations), unsure: short(found.incomplete) };
}

// The page as it stands: judged, how far it runs over, and its picture.
async function seen(it, size) {
  const said = await judged(it);
  const over = await it.page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
  const { cssContentSize: page } = await it.cdp.send('Page.getLayoutMetrics');
  const clip = { x: 0, y: 0, width: size.width, height: Math.min(Math.max(page.height, size.height), HIGHEST), scale: 1 };
  const shot = await it.cdp.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip });
  return { said, over, shot };
}

const acts = {
  async visitor({ visitor, origin, script, dark, tokens }) {
    const context = await browser.newContext({
      viewport: { width: DESK.width, height: DESK.height }, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce',
      javaScriptEnabled: script, ignoreHTTPSErrors: true, extraHTTPHeaders: tokens ?? {},
    });
    const it = await watched(context, origin);
    it.script = script;
    visitors.set(visitor, it);
  },
  async tab({ visitor, from }) {
    const first = visitors.get(from);
    const it = await watched(first.context, first.origin);
    it.script = first.script;
    visitors.set(visitor, it);
  },
  async close(_, it) { await it.page.close(); },
  async go({ url }, it) {
    it.forget();
    const answer = await it.page.goto(url, { waitUntil: 'load', timeout: PATIENCE });
    return { status: answer ? answer.status() : it.heard.status, url: it.page.url() };
  },
  async back(_, it) { it.forget(); await it.page.goBack({ waitUntil: 'commit' }); await quiet(it); return it.page.url(); },
  async reload(_, it) { it.forget(); await it.page.reload({ waitUntil: 'load' }); return it.page.url(); },
  async click({ what }, it) { await it.page.locator(what).first().click(); },
  // A click, a key that leads to another document.
  async follow({ what }, it) {
    it.forget();
    await Promise.all([it.page.waitForEvent('load'), it.page.locator(what).first().click()]);
    return { status: it.heard.status, url: it.page.url() };
  },
  async enter({ keys }, it) {
    it.forget();
    await Promise.all([it.page.waitForEvent('load'), it.page.keyboard.press(keys)]);
    return { status: it.heard.status, url: it.page.url() };
  },
  async press({ keys }, it) { await it.page.keyboard.press(keys); },
  async type({ text }, it) { await it.page.keyboard.type(text); },
  async hover({ what }, it) { await it.page.locator(what).first().hover(); },
  async focus({ what }, it) { await it.page.locator(what).first().focus(); },
  async fill({ what, text }, it) { await it.page.locator(what).first().fill(text); },
  async choose({ what, text }, it) { await it.page.locator(what).first().selectOption(text); },
  async tick({ what }, it) { await it.page.locator(what).first().check(); },
  async wait({ what }, it) { await it.page.locator(what).first().waitFor({ state: 'visible' }); },
  async gone({ what }, it) { await it.page.locator(what).first().waitFor({ state: 'hidden' }); },
  async count({ what }, it) { return it.page.locator(what).count(); },
  async text({ what }, it) { return it.page.locator(what).first().innerText(); },
  async texts({ what }, it) { return it.page.locator(what).allInnerTexts(); },
  async value({ what }, it) { return it.page.locator(what).first().inputValue(); },
  async attribute({ what, text }, it) { return it.page.locator(what).first().getAttribute(text); },
  async eval({ script }, it) { return it.page.evaluate(script); },
  // Asked anew each time: the page's own policy forbids what a function that waits inside it would do.
  async until({ script }, it) {
    const end = Date.now() + PATIENCE;
    // A document that goes while it is asked is not yet the one that is waited for.
    const asked = () => it.page.evaluate(script).catch((cause) => {
      if (!/context was destroyed|navigation/i.test(cause.message)) throw cause;
    });
    while (!await asked()) {
      if (Date.now() > end) throw new Error(`never true: ${script}`);
      await new Promise((done) => setTimeout(done, 10));
    }
  },
  async url(_, it) { return it.page.url(); },
  async title(_, it) { return it.page.title(); },
  // What has the focus: its name for a person, or its tag.
  async focused(_, it) {
    return it.page.evaluate(() => {
      const at = document.activeElement;
      return at ? (at.id && '#' + at.id) || at.getAttribute('aria-label') || at.name || at.innerText?.trim().slice(0, 60) || at.tagName : '';
    });
  },
  async heard(_, it) { return it.heard; },
  async audit(_, it) {
    await quiet(it);
    const said = it.script ? await judged(it) : { violations: [], unsure: [] };
    return { ...said, ...it.heard };
  },
  // The page as it stands, in every look, each judged anew: colours and places differ.
  async pictures({ name, folder }, it) {
    fs.mkdirSync(folder, { recursive: true });
    await quiet(it);
    const all = { pictures: [], violations: [], unsure: [], overflow: 0 };
    for (const [scheme, size] of LOOKS) {
      await look(it, scheme, size);
      const { said, over, shot } = await seen(it, size);
      await looked(it, scheme, size);
      all.violations.push(...said.violations.map((text) => `${scheme} ${size.width}: ${text}`));
      all.unsure.push(...said.unsure.map((text) => `${scheme} ${size.width}: ${text}`));
      if (size.mobile) all.overflow = Math.max(all.overflow, over);
      const file = path.join(folder, `${name}-${scheme}-${size.width}.png`);
      fs.writeFileSync(file, Buffer.from(shot.data, 'base64'));
      all.pictures.push(file);
    }
    await look(it, 'light', DESK);
    return { ...it.heard, ...all };
  },
  async phone(_, it) { await look(it, 'light', PHONE); },
  async offline({ on }, it) { await it.context.setOffline(on); },
  // What the script of a page sends: it reaches the desk, and its answer waits (`held`) until answers are `free`, or never comes (`lost`).
  async answers({ how }, it) {
    it.answers = how;
    if (how === 'free') {
      for (const give of it.waiting.splice(0)) await give();
      await it.page.unroute('**');
      return;
    }
    it.waiting ??= [];
    await it.page.route('**', async (route) => {
      const request = route.request();
      if (request.method() !== 'POST' || !request.headers()['hx-request']) return route.continue();
      const response = await route.fetch();
      if (it.answers === 'held') it.waiting.push(() => route.fulfill({ response }));
      else if (it.answers === 'lost') await route.abort();
      else await route.fulfill({ response });
    });
  },
  async cookies(_, it) { return it.context.cookies(); },
  async bake({ cookie }, it) { await it.context.addCookies([cookie]); },
  // A key for passkeys that is in the machine and asks nobody.
  async authenticator(_, it) {
    await it.cdp.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
    it.authenticator = (await it.cdp.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
  },
  async credentials(_, it) { return (await it.cdp.send('WebAuthn.getCredentials', { authenticatorId: it.authenticator })).credentials; },
  // A copy of a credential of another's, as a key that was cloned.
  async credential({ credential }, it) { await it.cdp.send('WebAuthn.addCredential', { authenticatorId: it.authenticator, credential }); },
  async end() { await browser.close(); },
};

let browser;
(async () => {
  const [, , , executablePath, flags] = process.argv;
  browser = await chromium.launch({ executablePath, args: JSON.parse(flags) });
  const lines = require('readline').createInterface({ input: process.stdin });
  for await (const line of lines) {
    const asked = JSON.parse(line);
    let answer;
    try {
      answer = { is: (await acts[asked.do](asked, visitors.get(asked.visitor))) ?? null };
    } catch (cause) {
      answer = { error: String(cause.message ?? cause) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
  await browser.close();
  process.exit(0);
})().catch((cause) => { console.error(cause); process.exit(1); });
