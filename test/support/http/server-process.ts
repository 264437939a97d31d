import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import type { Json } from './get-json.js';
import { until } from '../until.js';

const ROOT = join(__dirname, '..', '..', '..');

/** `node dist/main.js` as an operator runs it, with everything it said. */
export class ServerProcess {
  stdout = '';
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  private constructor(readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('utf8')));
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('utf8')));
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /**
   * @param environment  variables beside those of the test; loopback, a free port and no trial process unless given.
   * @param cwd  working directory; the project unless set.
   * @param command  that runs Node, e.g. `unshare …`; it must become the server, and not start it.
   */
  static start(
    environment: Readonly<Record<string, string>>,
    cwd = ROOT,
    command: readonly string[] = [],
  ): ServerProcess {
    const own = { HOST: '127.0.0.1', PORT: '0', START_WAIT_MS: '3600000', TRIAL_PROCESS: 'false' };
    const env = { ...process.env, ...own, ...environment };
    const [program, ...args] = [...command, process.execPath, join(ROOT, 'dist', 'main.js')];
    return new ServerProcess(spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Log lines so far, parsed. */
  get log(): Json[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Address of the server, once its log says that the port is open. @throws Error when it ends before. */
  async ready(): Promise<string> {
    await this.until(() => this.log.some((line) => line.port !== undefined));
    return `http://127.0.0.1:${this.log.find((line) => line.port !== undefined)!.port}`;
  }

  /** Waits for something to become true. @throws Error with what the server said when it does not. */
  async until(isTrue: () => boolean): Promise<void> {
    const hasEnded = () => this.child.exitCode !== null || this.child.signalCode !== null;
    await until(() => isTrue() || hasEnded()).catch(() => undefined);
    if (!isTrue()) throw new Error(`${this.stdout}\n${this.stderr}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it whatever it does. */
  async remove(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
