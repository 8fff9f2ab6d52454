// A provider of single sign-on on loopback for one test: oidc-provider, certified for OpenID Connect. Says its port, and ends with its standard
// input. Whoever is named can sign in with the password `secret`; consent is given silently. `oidc.js MODULES BACK`
const { pathToFileURL } = require('url');
const http = require('http');
const crypto = require('crypto');
const [, , modules, back] = process.argv;
// The last two claim the address of the first: one without proof, one who is somebody else.
const users = {
  mike: { email: 'mike@northwind.example', email_verified: true },
  eve: { email: 'eve@elsewhere.example', email_verified: true },
  mal: { email: 'mike@northwind.example', email_verified: false },
};
const key = (type, options, alg) => ({ ...crypto.generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg });

(async () => {
  const { Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));
  const server = http.createServer((request, response) => answer(request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    clients: [{ client_id: 'desk', client_secret: 's e:cret/+', redirect_uris: [back], response_types: ['code'], grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: process.env.ALGORITHM || 'RS256' }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] }, scopes: ['openid', 'email'],
    conformIdTokenClaims: false, pkce: { required: () => true }, cookies: { keys: ['only for tests'] },
    findAccount: (_, id) => users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
    features: { devInteractions: { enabled: false } }, interactions: { url: (_, it) => `/interaction/${it.uid}` },
    ttl: { IdToken: 300, AccessToken: 300, AuthorizationCode: 60, Session: 3600, Interaction: 600, Grant: 3600 },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(oidc.params.scope);
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  const answer = async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return handle(request, response);
    try {
      const asked = await provider.interactionDetails(request, response);
      if (request.method === 'POST') {
        let text = '';
        for await (const piece of request) text += piece;
        const form = new URLSearchParams(text);
        if (users[form.get('login')] && form.get('password') === 'secret') {
          return await provider.interactionFinished(request, response, { login: { accountId: form.get('login') }, consent: {} });
        }
      }
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><html lang="en"><title>Provider</title><form method="post"><h1>${asked.prompt.name}</h1>
        <label>Name <input name="login" id="login"></label><label>Password <input type="password" name="password" id="password"></label><button>Sign in</button></form></html>`);
    } catch (error) {
      response.writeHead(400).end(String(error.message));
    }
  };
  console.log(server.address().port);
  process.stdin.resume().on('end', () => process.exit());
})();
