import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { createLogger } from '../logging/pino-logger.js';
import type { AppConfig } from '../config/app-config.js';
import { REFRESH_MESSAGE } from '../registry/refresh/cluster-messages.js';

/** A process that ended after this time had started well: it is replaced at once. */
const STABLE_AFTER_MS = 10_000;
const RESPAWN_DELAY_MS = 1_000;

/**
 * Runs several server processes that share the port. One that ends is replaced; when the first ones cannot start,
 * the whole program ends with their exit code. SIGTERM goes to all of them, and the program ends after the last.
 */
export function runCluster(config: AppConfig): void {
  const logger = createLogger(config.logLevel);
  const startedAt = new Map<number, number>();
  let hasListened = false;
  let isClosing = false;

  const shared = sharedState(config, logger);
  const spawn = () => startedAt.set(cluster.fork(shared).id, Date.now());
  const closeAll = (exitCode: number) => {
    isClosing = true;
    process.exitCode = exitCode;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  const replace = (worker: Worker, code: number | null, signal: string | null) => {
    // A process that had to be killed gives the whole program exit code 1.
    if (isClosing) return void (process.exitCode ||= Number(code !== 0));
    if (!hasListened) return closeAll(code || 1);
    const livedMs = Date.now() - (startedAt.get(worker.id) ?? 0);
    logger.error({ worker_id: worker.id, code, signal }, 'a server process ended and is being replaced');
    setTimeout(() => isClosing || spawn(), livedMs < STABLE_AFTER_MS ? RESPAWN_DELAY_MS : 0);
  };

  cluster.on('message', (from, message) => {
    if (message !== REFRESH_MESSAGE) return;
    for (const worker of Object.values(cluster.workers ?? {})) if (worker !== from) worker?.send(REFRESH_MESSAGE);
  });
  cluster.on('listening', () => (hasListened = true));
  cluster.on('exit', (worker, code, signal) => {
    replace(worker, code, signal);
    startedAt.delete(worker.id);
  });
  process.once('SIGTERM', () => closeAll(0));
  process.once('SIGINT', () => closeAll(0));
  for (let i = 0; i < config.workers; i++) spawn();
}

/**
 * The processes must agree on pins. Where the store cannot be written they share a folder until they end.
 *
 * @returns variables for each of them.
 */
function sharedState({ stateDir, modelsDir }: AppConfig, logger: Logger): { STATE_DIR?: string } {
  if (stateDir !== undefined || isWritable(modelsDir)) return {};
  const folder = mkdtempSync(join(tmpdir(), 'bestrun-state-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  logger.warn(
    'Pins and history cannot be written to the store: these processes share them until they end. STATE_DIR may name another folder',
  );
  return { STATE_DIR: folder };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
