import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { endsWithUs } from './ends-with-us.mjs';

/** How long something that will be true may take on a busy machine. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 100;

/** The built server, as an operator starts it, on a free port of the loopback. */
export class Bestrun {
  /** Lines of its log so far. */
  lines = [];

  constructor(process) {
    this.process = endsWithUs(process);
    this.exited = new Promise((done) => process.once('exit', done));
  }

  /**
   * @param variables  of the environment, beside those of this process.
   * @param cwd        its working directory; the project's unless given.
   * @param main       the program; that of the project unless given.
   * @throws Error with its log when it ends before it is ready.
   */
  static async start(variables = {}, cwd = projectRoot, main = join(projectRoot, 'dist', 'main.js')) {
    const env = { ...process.env, NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', LOG_REQUESTS: 'false', ...variables };
    const server = new Bestrun(spawn(process.execPath, [main], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] }));
    server.url = `http://127.0.0.1:${await server.#port()}`;
    return server;
  }

  #port() {
    return new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        this.lines.push(line);
        const { port } = JSON.parse(line);
        if (port) resolve(port);
      });
      void this.exited.then(() => reject(new Error(`the server ended before it was ready:\n${this.lines.join('\n')}`)));
    });
  }

  /** Gets a path, or posts `body` to it; gives the JSON of the answer with its `status`. */
  async ask(path, body) {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(this.url + path, body && { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, ...(await response.json()) };
  }

  /** Asks until the answer is as wanted, and gives it. @throws Error with the last answer when it never is. */
  async askUntil(path, isWanted) {
    let answer;
    const isThere = await until(async () => isWanted((answer = await this.ask(path))));
    if (isThere) return answer;
    throw new Error(`${path} still answers ${JSON.stringify(answer)}\n${this.lines.join('\n')}`);
  }

  /** Waits for a line of the log. @throws Error when it never comes. */
  async saysUntil(text) {
    const said = () => this.lines.some((line) => line.includes(text));
    if (!(await until(said))) throw new Error(`the log has no "${text}":\n${this.lines.join('\n')}`);
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.exited;
  }
}

/** @returns whether it became true. */
export async function until(isTrue) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    if (Date.now() > end) return false;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  return true;
}

/** Starts a server for as long as `work` takes. */
export async function withBestrun(variables, cwd, work) {
  const server = await Bestrun.start(variables, cwd);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
