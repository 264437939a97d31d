import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';

import { watchConnections } from '../http/server/drain-connections.js';
import { createLogger } from '../logging/pino-logger.js';
import type { AppConfig } from '../config/app-config.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { createApp } from './create-app.js';

/** Time for the last log line to be written. */
const LOG_FLUSH_MS = 50;

/**
 * Starts one server process: loads the best runs, then opens the port, and closes cleanly on SIGTERM and SIGINT.
 *
 * @throws what makes a start impossible; the port is not open then, and everything that was started has ended again.
 */
export async function startServer(config: AppConfig): Promise<NestExpressApplication> {
  const logger = createLogger(config.logLevel);
  const { app, fastPath } = await createApp(config, logger);
  await listenOrClose(app, config);
  const drainConnections = watchConnections(app.getHttpServer(), fastPath);
  closeOnSignals(app, drainConnections, logger, config.shutdownGraceMs);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const startMs = Math.round(performance.now() - (performance.getEntriesByName('bestrun:start')[0]?.startTime ?? 0));
  const state = app.get(ModelRegistryService).whyNotReady === undefined ? 'is ready' : 'waits for a model to serve';
  logger.info({ port, start_ms: startMs }, `bestrun ${state}: http://localhost:${port}/docs (after ${startMs} ms)`);
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

/** Lets running requests finish for a while, then ends with code 0; by force when they did not finish in time. */
function closeOnSignals(
  app: NestExpressApplication,
  drainConnections: () => void,
  logger: Logger,
  graceMs: number,
): void {
  let isClosing = false;
  const close = () => {
    if (isClosing) return;
    isClosing = true;
    logger.info({ grace_ms: graceMs }, 'bestrun stops: it finishes running requests and takes no new ones');
    setTimeout(() => endByForce(logger, graceMs), graceMs).unref();
    drainConnections();
    app.close().then(
      () => endByItself(logger),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
}

/** Ends when nothing is left to do. `process.exit` would stop all timers and wait for threads that run native code. */
function endByItself(logger: Logger): void {
  logger.info('bestrun has stopped');
  process.exitCode = 0;
  if (cluster.isWorker) process.disconnect();
}

/** Kills the process: a thread that runs native code would make any other exit abort. */
function endByForce(logger: Logger, graceMs: number): void {
  logger.error({ grace_ms: graceMs }, 'requests did not finish in time and are cut off');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LOG_FLUSH_MS);
}
