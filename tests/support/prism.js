// A mock of an interface, made from its published document: every request is checked against it, and one that does not fit is answered with
// a refusal and the header `sl-violations`. Answers are the document's own examples, which do not all fit it: that is not ours to judge.
// Prints its port; ends with its standard input. `prism.js MODULES DOCUMENT`
const need = require('module').createRequire(process.argv[2] + '/');
const { getHttpOperationsFromSpec } = need('@stoplight/prism-http');
const { createServer } = need('@stoplight/prism-http-server');
const { createLogger } = need('@stoplight/prism-core');

(async () => {
  const operations = await getHttpOperationsFromSpec(process.argv[3]);
  const config = {
    mock: { dynamic: false }, checkSecurity: true, validateRequest: true, validateResponse: false, errors: false,
    isProxy: false, upstreamProxy: undefined,
  };
  const logger = createLogger('mock', { enabled: false });
  const server = createServer(operations, { components: { logger }, config, cors: false });
  console.log(new URL(await server.listen(0, '127.0.0.1')).port);
  process.stdin.resume().on('end', () => process.exit(0));
})().catch((cause) => { console.error(cause); process.exit(1); });
