// Lighthouse's scores of pages, in a Chromium of its own: prints `[{url, scores: {…}, faults: […]}]`.
// `lighthouse.js MODULES CHROMIUM FLAGS COOKIE URL…`
const { pathToFileURL } = require('url');
const [modules, chromePath, flags, cookie, ...urls] = process.argv.slice(2);

(async () => {
  const { default: lighthouse } = await import(pathToFileURL(modules + '/lighthouse/core/index.js').href);
  const { launch } = await import(pathToFileURL(modules + '/chrome-launcher/dist/index.js').href);
  const chrome = await launch({ chromePath, chromeFlags: ['--headless=new', ...JSON.parse(flags)] });
  const scored = [];
  for (const url of urls) {
    const { lhr } = await lighthouse(url, {
      port: chrome.port, logLevel: 'error', output: 'json', onlyCategories: ['accessibility', 'best-practices'],
      // Speed is measured elsewhere, on a machine that does nothing else.
      throttlingMethod: 'provided', extraHeaders: cookie ? { Cookie: cookie } : {},
    });
    const wrong = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 1);
    scored.push({
      url: lhr.finalDisplayedUrl,
      scores: Object.fromEntries(Object.values(lhr.categories).map((kind) => [kind.id, Math.round(kind.score * 100)])),
      faults: wrong.map((audit) => `${audit.id}: ${audit.title} ${JSON.stringify(audit.details?.items ?? []).slice(0, 400)}`),
    });
  }
  await chrome.kill();
  console.log(JSON.stringify(scored));
})().catch((cause) => { console.error(cause); process.exit(1); });
