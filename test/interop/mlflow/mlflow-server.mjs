import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { until } from '../support/bestrun.mjs';
import { freePort } from '../support/free-port.mjs';
import { environment } from './environments.mjs';

const STORES = ['--backend-store-uri', 'sqlite:///backend.db', '--artifacts-destination', './files'];

/**
 * What lets MLflow 3 call a webhook on the loopback (docs/mlflow.md): its own rule is https and public addresses, a key
 * of its own for every process, and webhooks that it looks up once a minute.
 */
const WEBHOOKS = {
  MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
  MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
  MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: `${randomBytes(32).toString('base64url')}=`,
  MLFLOW_WEBHOOK_CACHE_TTL: '0',
};

/** A real tracking server on the loopback, which may be killed and started again over the same store. */
export class MlflowServer {
  constructor(python, folder) {
    this.python = python;
    this.folder = folder;
    this.logFile = join(folder, 'server.log');
    mkdirSync(folder, { recursive: true });
    process.on('exit', () => this.kill());
  }

  /** @throws Error with its log when it does not answer. */
  async start() {
    this.port ??= await freePort();
    this.uri = `http://127.0.0.1:${this.port}`;
    const address = ['--workers', '1', '--host', '127.0.0.1', '--port', String(this.port)];
    const log = openSync(this.logFile, 'a');
    this.process = spawn(this.python, ['-m', 'mlflow', 'server', ...STORES, ...address], {
      cwd: this.folder,
      env: { ...environment, ...WEBHOOKS },
      stdio: ['ignore', log, log],
      // A group of its own: the server starts processes that must end with it.
      detached: true,
    });
    const answers = () =>
      fetch(`${this.uri}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    if (!(await until(answers))) throw new Error(`MLflow does not answer:\n${readFileSync(this.logFile, 'utf8')}`);
    return this;
  }

  /** Ends it as a crash does. */
  kill() {
    try {
      // Windows has no process groups; there the processes it started end when they miss it.
      if (process.platform === 'win32') this.process?.kill('SIGKILL');
      else if (this.process) process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    this.process = undefined;
  }
}
