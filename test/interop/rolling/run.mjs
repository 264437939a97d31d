/**
 * Rolling restarts behind proxies: two servers behind nginx, then behind HAProxy, with the settings of docs/operations.md and
 * 200 clients that keep their connections. Each server is restarted in turn, twenty times (once with INTEROP_CI), and every
 * request must be answered. Needs nginx and haproxy; on Debian, as root, it installs them.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { Bestrun } from '../support/bestrun.mjs';
import { freePort } from '../support/free-port.mjs';
import { Clients } from './clients.mjs';
import { startProxy } from './proxies.mjs';

const ROUNDS = process.env.INTEROP_CI ? 1 : 20;
const CLIENTS = 200;
/** Longer than HAProxy of the docs needs to see `/readyz` fail. */
const DELAY_MS = 4_000;
/** A restarted server is taken back by the proxies within this time. */
const BACK_MS = 3_000;

const hasProgram = (name) => spawnSync(name, ['-v'], { stdio: 'ignore' }).error === undefined;
if (!['nginx', 'haproxy'].every(hasProgram)) {
  execFileSync('apt-get', ['update', '-qq']);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'nginx-light', 'haproxy'], {
    stdio: 'ignore',
  });
}

const folder = mkdtempSync(join(tmpdir(), 'bestrun-rolling-'));
const model = 'titanic-survival';
cpSync(join(projectRoot, 'models', model), join(folder, 'models', model), { recursive: true });
const docs = readFileSync(join(projectRoot, 'docs', 'operations.md'), 'utf8');

const start = (port, name) =>
  Bestrun.start({
    PORT: String(port),
    MODELS_DIR: join(folder, 'models'),
    STATE_DIR: join(folder, name),
    REFRESH_INTERVAL_MS: '0',
    SHUTDOWN_DELAY_MS: String(DELAY_MS),
  });

async function restart(server) {
  await server.stop();
  assert.equal(server.process.exitCode, 0, server.lines.join('\n'));
  const again = await start(new URL(server.url).port, 'state');
  await sleep(BACK_MS);
  return again;
}

let servers = await Promise.all([await freePort(), await freePort()].map((port) => start(port, 'state')));
try {
  for (const name of ['nginx', 'haproxy']) {
    const proxy = await startProxy(
      name,
      docs,
      servers.map(({ url }) => new URL(url).host),
      folder,
    );
    const clients = new Clients(
      `${proxy.url}/models/${model}/predictions`,
      '{"inputs":[{"age":10,"sex":"M"}]}',
      CLIENTS,
    );
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < servers.length; i++) servers[i] = await restart(servers[i]);
    }
    const { answered, failures } = await clients.stop();
    await proxy.stop();
    console.log(
      `rolling: ${name}: ${ROUNDS * servers.length} restarts, ${answered} answers, failed: ${JSON.stringify(failures)}`,
    );
    assert.deepEqual(failures, {});
    assert.ok(answered > CLIENTS);
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}
