import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { endsWithUs } from '../support/ends-with-us.mjs';
import { environment } from './environments.mjs';

/** Somebody who trains: a Python process with MLflow (log_runs.py) that does what it is told, one thing at a time. */
export class Trainer {
  /** What Python predicts, by run id: `name`, `rows` as bestrun is sent them, `predictions`. */
  answers = {};
  #stderr = '';

  /** @param cwd  where it runs; a store in a file lies there. */
  constructor(python, uri, cwd) {
    mkdirSync(cwd, { recursive: true });
    this.process = endsWithUs(
      spawn(python, [join(import.meta.dirname, 'log_runs.py'), uri], { cwd, env: environment }),
    );
    this.process.stderr.on('data', (chunk) => (this.#stderr += chunk));
    this.process.stdin.on('error', () => undefined);
    this.replies = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** Logs the runs that every store begins with. */
  static async start(python, uri, cwd) {
    const trainer = new Trainer(python, uri, cwd);
    await trainer.#reply();
    return trainer;
  }

  /** @returns id of the run of this name. */
  idOf(name) {
    return Object.keys(this.answers).find((id) => this.answers[id].name === name);
  }

  /**
   * Trains and logs a classifier of flowers with this accuracy.
   *
   * @param options  `c`, its strength, and `without`, the columns it does not take.
   * @returns its run id.
   */
  async log(name, accuracy, options = {}) {
    await this.#tell({ do: 'log', name, accuracy, ...options });
    return this.idOf(name);
  }

  /** Makes a version of the registered model the champion. */
  moveAlias(version) {
    return this.#tell({ do: 'move_alias', version });
  }

  createWebhook(url, secret) {
    return this.#tell({ do: 'create_webhook', url, secret });
  }

  stop() {
    this.process.kill('SIGKILL');
  }

  async #tell(order) {
    this.process.stdin.write(`${JSON.stringify(order)}\n`);
    await this.#reply();
  }

  async #reply() {
    const { value, done } = await this.replies.next();
    if (done) throw new Error(`Python gave up:\n${this.#stderr.trimEnd().split('\n').slice(-30).join('\n')}`);
    Object.assign(this.answers, JSON.parse(value));
  }
}
