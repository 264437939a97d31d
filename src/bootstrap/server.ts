import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';

import { ConnectionDrain } from '../http/server/drain-connections.js';
import { prepareEnd } from '../lib/before-end.js';
import { uptimeMs } from '../lib/uptime.js';
import { createLogger, flushLog } from '../logging/pino-logger.js';
import type { AppConfig } from '../config/app-config.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { createApp } from './create-app.js';
import { endBySignal, killProcess } from './end-process.js';
import { endWhenStuck } from './end-when-stuck.js';
import { closeInStep } from './port-closing.js';
import { endWithPrimary } from './primary-end.js';
import { onStop } from './stop-signals.js';
import type { StopSignal } from './stop-signals.js';
import { stopServer } from './stop-server.js';

/** Time for the line that says why a start ended, milliseconds. */
const LOG_TIMEOUT_MS = 200;
/** Time for what has to be written before the end, milliseconds. */
const END_TIMEOUT_MS = 500;

/**
 * Starts one server process: loads the best runs, then opens the port. A stop ends the start at once, and later the server
 * as `stopServer` says.
 *
 * @throws what makes a start impossible; the port is not open then, and everything that was started has ended again.
 */
export async function startServer(config: AppConfig): Promise<NestExpressApplication> {
  const logger = createLogger(config);
  endWithPrimary(() => killProcess(), cluster);
  onStop((signal) => void stopStart(signal, logger));
  const { app, fastPath } = await createApp(config, logger);
  await listenOrClose(app, config);
  const connections = new ConnectionDrain(app.getHttpServer(), fastPath, closeInStep);
  onStop(() => void stopServer({ app, fastPath, connections }, config, logger));
  endWhenStuck(app.get(ModelRegistryService), logger, { order: (cluster.worker?.id ?? 0) % config.workers });
  logReady(app, config, logger);
  return app;
}

/** Opens the port. One that cannot be opened leaves no threads behind. @throws the error of `listen`. */
async function listenOrClose(app: NestExpressApplication, { port, host }: AppConfig): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw error;
  }
}

function logReady(app: NestExpressApplication, config: AppConfig, logger: Logger): void {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const startMs = Math.round(uptimeMs());
  const state = app.get(ModelRegistryService).whyNotReady === undefined ? 'is ready' : 'waits for a model to serve';
  logger.info({ port, start_ms: startMs }, `bestrun ${state}: http://localhost:${port}/docs (after ${startMs} ms)`);
  const { shutdownGraceMs, predictionTimeoutMs } = config;
  if (shutdownGraceMs >= predictionTimeoutMs) return;
  logger.warn(
    { shutdown_grace_ms: shutdownGraceMs, prediction_timeout_ms: predictionTimeoutMs },
    'a stop may cut off predictions that would be answered: SHUTDOWN_GRACE_MS is shorter than PREDICTION_TIMEOUT_MS',
  );
}

/** Nothing is served yet, so nothing has to be finished; what loads may not be able to end by itself. */
async function stopStart(signal: StopSignal, logger: Logger): Promise<void> {
  logger.info({ signal }, 'bestrun was told to stop while it started: it ends at once');
  await Promise.all([flushLog(LOG_TIMEOUT_MS), prepareEnd(END_TIMEOUT_MS)]);
  endBySignal(signal);
}
