import cluster from 'node:cluster';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { createLogger } from '../logging/pino-logger.js';
import type { AppConfig } from '../config/app-config.js';
import { REFRESH_MESSAGE } from '../registry/refresh/cluster-messages.js';
import { missingMallocSettings } from './malloc-settings.js';
import { ServerProcesses } from './server-processes.js';
import { onStop } from './stop-signals.js';

/**
 * Runs several server processes that share the port. One that ends is replaced; when the first ones cannot start, or later
 * ones cannot and none is left, the whole program ends. SIGTERM goes to all of them, and the program ends after the last.
 */
export function runCluster(config: AppConfig): void {
  const logger = createLogger(config);
  const environment = { ...missingMallocSettings(process), ...sharedState(config, logger) };
  const processes = new ServerProcesses(config, environment, logger);
  cluster.on('message', (from, message) => {
    if (message !== REFRESH_MESSAGE) return;
    for (const worker of Object.values(cluster.workers ?? {})) if (worker !== from) worker?.send(REFRESH_MESSAGE);
  });
  onStop((signal) => processes.stop(signal));
  processes.start();
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
