/**
 * The test of what ships: starts dist/main.js as an operator would, predicts, and stops it with SIGTERM. No Jest, no
 * translation of packages. Prints the time from start to ready and the idle memory.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { askServer } from './ask-server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const START_LIMIT_MS = 30_000;

const server = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
  cwd: root,
  // A developer's own .env does not count.
  env: { ...process.env, NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = new Promise((resolve) => server.once('exit', (code, signal) => resolve({ code, signal })));
const giveUp = setTimeout(() => server.kill('SIGKILL'), START_LIMIT_MS);

try {
  const { port, start_ms: startMs } = await readyLine();
  const base = `http://127.0.0.1:${port}`;
  const rssMb = Math.round(residentBytes(server.pid) / 2 ** 20);

  const { models } = await askServer(base);

  server.kill('SIGTERM');
  // Windows has no signals: there a process that is sent one ends at once.
  const cleanEnd = process.platform === 'win32' ? { code: null, signal: 'SIGTERM' } : { code: 0, signal: null };
  assert.deepEqual(await exited, cleanEnd);
  console.log(`smoke: ready after ${startMs} ms, ${rssMb || '?'} MB resident when idle, ${models} models, clean end`);
} finally {
  clearTimeout(giveUp);
  server.kill('SIGKILL');
}

/** The log line that says the port is open. */
async function readyLine() {
  for await (const line of createInterface({ input: server.stdout })) {
    const entry = JSON.parse(line);
    if (entry.port) return entry;
  }
  throw new Error('the server ended before it was ready');
}

/** Memory of a process; 0 where there is no /proc. */
function residentBytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return 0;
  }
}
