/**
 * Proves in a real browser, cut off from the internet, that the documentation works: every operation of Swagger UI
 * answers its documented success code as pre-filled, ReDoc shows every operation, nothing is asked from elsewhere and
 * the Content-Security-Policy is never broken. Writes the pictures of docs/screenshots.
 *
 * node test/interop/browser/run.mjs [MAIN]   MAIN: the built server, dist/main.js unless given.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { freePort } from '../support/free-port.mjs';
import { proveTexts } from './hostile-texts.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const main = resolve(process.argv[2] ?? join(root, 'dist', 'main.js'));
const pictures = join(root, 'docs', 'screenshots');
const CHROMIUM = '/usr/bin/chromium';
/** Busy machines render slowly; that an answer is shown is what is proven. */
const ANSWER_WAIT_MS = 60_000;
/** Elements of one answer: the page visits them all at every click, so that long ones must not be coloured word by word. */
const MAX_ELEMENTS = 3_000;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Debian's browser, installed when it is missing and this user may install. */
function requireBrowser() {
  if (existsSync(CHROMIUM)) return;
  console.log('installing chromium …');
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  if (existsSync(CHROMIUM)) return;
  console.error(`There is no ${CHROMIUM} and it could not be installed: apt-get install chromium, as root.`);
  process.exit(1);
}

async function startServer(port, environment = {}) {
  const server = spawn(process.execPath, [main], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: 'test',
      PORT: String(port),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (let i = 0; i < 300; i++) {
    if (server.exitCode !== null) throw new Error(`The server ended with code ${server.exitCode}.`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return server;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('The server was not ready after 30 s.');
}

/** A page that remembers whatever must not happen. */
async function watchedPage(browser, baseUrl) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = [];
  // That operators' requests are refused is what is expected of them, and judged by their status.
  const isRefusal = (text) => text.includes('the server responded with a status of 403');
  page.on('console', (message) => {
    if (message.type() === 'error' && !isRefusal(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`script error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(baseUrl) && !/^(data|blob):/.test(url)) faults.push(`foreign request: ${url}`);
  });
  page.on('requestfailed', (request) => faults.push(`failed request: ${request.url()}`));
  await page.exposeFunction('noteViolation', (text) => faults.push(`policy broken: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.noteViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { page, faults };
}

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      id: operation.operationId,
      tag: operation.tags[0],
      // Those for operators are refused: this server has no keys.
      success: operation.security ? '403' : Object.keys(operation.responses).find((status) => status.startsWith('2')),
    })),
  );
}

/** Opens one operation, sends it as it is pre-filled, and gives the status of the answer. */
async function tryOut(page, { id, tag }) {
  const block = page.locator(`[id="operations-${tag}-${id}"]`);
  await block.locator('.opblock-summary-control').click();
  await block.locator('button.execute').click();
  const status = block.locator('.live-responses-table .response .response-col_status');
  await status.waitFor({ timeout: ANSWER_WAIT_MS });
  return { block, status: (await status.innerText()).trim().split(/\s/)[0] };
}

async function proveSwaggerUi(browser, baseUrl, operations) {
  const { page, faults } = await watchedPage(browser, baseUrl);
  await page.goto(`${baseUrl}/docs`);
  await page.locator('.opblock').first().waitFor();
  assert.equal(await page.title(), 'bestrun - Swagger UI');
  assert.equal(await page.locator('.opblock').count(), operations.length, 'operations shown by Swagger UI');
  await page.screenshot({ path: join(pictures, 'swagger.png') });
  const shown = operations.find(
    ({ path, method }) => path === '/models/titanic-survival/predictions' && method === 'POST',
  );
  const wrong = [];
  for (const operation of operations) {
    const start = performance.now();
    const { block, status } = await tryOut(page, operation);
    const line = `${operation.method} ${operation.path}: ${status} in ${Math.round(performance.now() - start)} ms`;
    console.log(`  ${line}`);
    if (status !== operation.success) wrong.push(`${line}, documented is ${operation.success}`);
    const elements = await block.locator('.live-responses-table .response *').count();
    if (elements > MAX_ELEMENTS) wrong.push(`${line}, shown in ${elements} elements`);
    if (operation === shown) await photograph(page, block);
    await block.locator('.opblock-summary-control').click();
  }
  assert.deepEqual(wrong, [], 'operations that do not answer their documented success code, or too costly to show');
  assert.deepEqual(faults, [], 'faults on /docs');
  await page.close();
}

/** The request with its values and, below, the answer. */
async function photograph(page, block) {
  await page.setViewportSize({ width: 1280, height: 1800 });
  await block.scrollIntoViewIfNeeded();
  await block.evaluate((element) => element.scrollIntoView({ block: 'start' }));
  await page.screenshot({ path: join(pictures, 'try-it-out.png') });
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function proveRedoc(browser, baseUrl, operations) {
  const { page, faults } = await watchedPage(browser, baseUrl);
  await page.goto(`${baseUrl}/redoc`);
  for (const { tag, id } of operations) {
    await page.locator(`[id="tag/${tag}/operation/${id}"]`).first().waitFor({ state: 'attached', timeout: 30_000 });
  }
  // The search runs in a worker, which the policy must allow.
  await page.locator('input[type="text"]').first().fill('survival');
  await page.locator('[data-role="search:results"] label').first().waitFor({ timeout: 15_000 });
  await page.locator('input[type="text"]').first().fill('');
  await page.goto(`${baseUrl}/redoc#tag/Prediction/operation/predictTitanicSurvival`);
  await page.waitForTimeout(1_000);
  await page.screenshot({ path: join(pictures, 'redoc.png') });
  assert.deepEqual(faults, [], 'faults on /redoc');
  await page.close();
}

async function startOver(store) {
  const port = await freePort();
  const server = await startServer(port, { MODELS_DIR: store });
  return { baseUrl: `http://127.0.0.1:${port}`, end: () => void server.kill('SIGTERM') };
}

requireBrowser();
mkdirSync(pictures, { recursive: true });
const port = await freePort();
const baseUrl = `http://127.0.0.1:${port}`;
const server = await startServer(port);
let browser;
try {
  const operations = operationsOf(await (await fetch(`${baseUrl}/openapi.json`)).json());
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  await proveSwaggerUi(browser, baseUrl, operations);
  await proveRedoc(browser, baseUrl, operations);
  await proveTexts(browser, root, startOver);
  console.log(`${operations.length} operations tried out in Swagger UI and shown by ReDoc.`);
} finally {
  await browser?.close();
  server.kill('SIGTERM');
}
