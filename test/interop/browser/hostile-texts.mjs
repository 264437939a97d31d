import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a text of a store must not become. Each is text where it is shown. */
const TAGS = [
  '<meta http-equiv="refresh" content="1;url=https://evil.example/">',
  '<form action="https://evil.example/"><input type="password" name="evil"></form>',
  '<iframe src="https://evil.example/"></iframe>',
  '<style>body{background:url(https://evil.example/)}</style>',
  '<img src=x onerror="document.title=1">',
  '<base href="https://evil.example/">',
  '<script>document.title = 1</script>',
  '[evil link](javascript:document.title=1)',
  'a < b and `a <b> c`',
].join(' ');

/** The shipped models with these texts wherever their owners may write one. */
function hostileStore(root) {
  const store = mkdtempSync(join(tmpdir(), 'bestrun-texts-'));
  cpSync(join(root, 'models', 'titanic-survival'), join(store, 'titanic-survival'), { recursive: true });
  const card = join(store, 'titanic-survival', 'card.json');
  write(card, (content) => ({ ...content, title: `Title ${TAGS}`.slice(0, 190), description: TAGS }));
  for (const run of ['rule-baseline']) {
    write(join(store, 'titanic-survival', 'runs', run, 'run.json'), (content) => {
      const { signature } = content;
      for (const row of [signature.input, signature.output]) {
        for (const field of Object.values(row.properties)) field.description = TAGS;
      }
      return { ...content, description: TAGS, metrics: { ...content.metrics, f1: 1 } };
    });
  }
  return store;
}

function write(file, change) {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
}

/** What of the texts has become a part of the page. */
function found() {
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    password: all('input[type=password]').length,
    forms: all('form[action*="evil"]').length,
    frames: all('iframe').length,
    refresh: all('meta[http-equiv="refresh"]').length,
    base: all('base').length,
    pictures: all('img[src="x"]').length,
    handlers: all('[onerror]').length,
    styles: all('style').filter((style) => style.textContent.includes('evil.example')).length,
    links: all('a').filter((link) => /^javascript/i.test(link.getAttribute('href') ?? '')).length,
    title: document.title,
    isShown: document.body.innerText.replaceAll('\u2060', '').includes('<meta http-equiv="refresh"'),
  };
}

/**
 * Proves that texts of a store are text on both pages.
 *
 * @param startServer  starts a server over a store, and gives its address and a function that ends it.
 */
export async function proveTexts(browser, root, startServer) {
  const store = hostileStore(root);
  const { baseUrl, end } = await startServer(store);
  try {
    const document = await (await fetch(`${baseUrl}/openapi.json`)).text();
    assert.ok(document.includes('<meta http-equiv'), 'other clients read what was written');
    for (const [path, title] of [
      ['/docs', 'bestrun - Swagger UI'],
      ['/redoc', 'bestrun - ReDoc'],
    ]) {
      const page = await browser.newPage();
      const elsewhere = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(baseUrl) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
      });
      await page.goto(`${baseUrl}${path}`);
      await page.waitForFunction(() => document.body.innerText.includes('<'), undefined, { timeout: 60_000 });
      if (path === '/docs') {
        const operations = page.locator('.opblock-summary-control');
        for (let i = 0; i < Math.min(8, await operations.count()); i++) await operations.nth(i).click();
      }
      await page.waitForTimeout(3_000);
      const { isShown, ...parts } = await page.evaluate(found);
      const none = {
        password: 0,
        forms: 0,
        frames: 0,
        refresh: 0,
        base: 0,
        pictures: 0,
        handlers: 0,
        styles: 0,
        links: 0,
      };
      assert.deepEqual(parts, { ...none, title }, `what texts have become on ${path}`);
      assert.ok(isShown, `the texts are shown on ${path}`);
      assert.deepEqual(elsewhere, [], `asked for elsewhere on ${path}`);
      assert.ok(page.url().startsWith(baseUrl), `${path} leads nowhere`);
      await page.close();
    }
    console.log('Texts of the store are text on both pages.');
  } finally {
    await end();
    rmSync(store, { recursive: true });
  }
}
