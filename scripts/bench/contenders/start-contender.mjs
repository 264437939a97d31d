import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { projectRoot } from '../../lib/project.mjs';

const START_LIMIT_MS = 90_000;
/** Between two questions whether a server is ready, milliseconds. */
const READY_PAUSE_MS = 50;
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Environment of every contender: what would spoil a comparison is off for all of them. */
const commonEnv = { NODE_ENV: 'production', ORT_DISABLE_TELEMETRY: '1', NODE_OPTIONS: '', OMP_NUM_THREADS: '1' };

/**
 * bestrun as it ships, on one store; requests are not logged, as the other contenders log none either.
 * @param {{ probe?: boolean, variables?: Record<string, string> }} options  probe: watch the event loop; variables: of
 *   the configuration, beside those that every bestrun here gets.
 */
export function startBestrun(processes, store, { probe = false, variables = {} } = {}) {
  const preload = probe ? ['--require', beside('event-loop-delay.cjs')] : [];
  // NODE_ENV: a developer's own .env does not count.
  const common = {
    NODE_ENV: 'test',
    MODELS_DIR: store,
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    LOG_REQUESTS: 'false',
  };
  const args = [...preload, join(projectRoot, 'dist', 'main.js')];
  return start(processes, 'bestrun', process.execPath, args, { env: { ...common, ...variables }, ipc: probe });
}

/** The bare server on some stores. */
export function startLimit(processes, ...stores) {
  return start(processes, 'limit', process.execPath, [beside('limit-server.mjs'), ...stores]);
}

/** FastAPI on some stores, which must hold all three models together. */
export function startFastApi(processes, python, ...stores) {
  return start(processes, 'fastapi', python, [beside('fastapi_server.py'), ...stores]);
}

/**
 * A server that is told its port and says nothing when it is ready: it is asked until it answers anything.
 *
 * @param commandFor  of a free port: `{ command, args, cwd, env }`.
 */
export async function startOnPort(processes, name, commandFor) {
  const port = await freePort();
  const { command, args, ...options } = commandFor(port);
  const began = performance.now();
  const child = processes.start(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log = (log + chunk).slice(-2000)));
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}\n${log}`);
    if (performance.now() - began > START_LIMIT_MS) throw new Error(`${name} was not ready in time\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
  }
  return { name, child, pid: child.pid, host: '127.0.0.1', port, startMs: performance.now() - began };
}

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * Starts a server and waits for the line with its port.
 * @returns {Promise<{ name: string, child: object, pid: number, host: string, port: number, startMs: number }>}
 */
async function start(processes, name, command, args, { env = {}, ipc = false } = {}) {
  const began = performance.now();
  const child = processes.start(command, args, {
    cwd: projectRoot,
    env: { ...process.env, ...commonEnv, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
  });
  const lastLines = [];
  const port = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error([`${name} ${why}`, ...lastLines].join('\n')));
    const limit = setTimeout(() => fail(`was not ready after ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    const read = (line) => {
      lastLines.splice(0, lastLines.length - 9);
      lastLines.push(line);
      const found = portOf(line);
      if (!found) return;
      clearTimeout(limit);
      resolve(found);
    };
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with code ${code} before it was ready`));
    child.once('exit', () => clearTimeout(limit));
  });
  return { name, child, pid: child.pid, host: '127.0.0.1', port, startMs: performance.now() - began };
}

function portOf(line) {
  try {
    return JSON.parse(line).port;
  } catch {
    return undefined;
  }
}
