import type { AddressInfo } from 'node:net';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from './app.module.js';
import { createAdapter, setUpApp } from './app.setup.js';
import { PinoLogger, createLogger } from './common/logging/pino-logger.js';
import type { AppConfig } from './config/app-config.js';
import { publishDocs } from './docs/publish-docs.js';

/**
 * Starts one server process: loads the best runs, then opens the port, and closes cleanly on SIGTERM and SIGINT.
 *
 * @throws what makes a start impossible; the port is not open then.
 */
export async function startServer(config: AppConfig): Promise<NestExpressApplication> {
  const logger = createLogger(config.logLevel);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), createAdapter(config), {
    logger: new PinoLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  setUpApp(app, config, logger);
  await app.init();
  publishDocs(app, config);
  await app.listen(config.port, config.host);
  closeOnSignals(app, config.shutdownGraceMs);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const startMs = Math.round(performance.now() - (performance.getEntriesByName('bestrun:start')[0]?.startTime ?? 0));
  logger.info({ port, start_ms: startMs }, `bestrun is ready: http://localhost:${port}/docs (after ${startMs} ms)`);
  return app;
}

/** Lets running requests finish for a while, then ends with code 0; code 1 when they did not finish in time. */
function closeOnSignals(app: NestExpressApplication, graceMs: number): void {
  let isClosing = false;
  const close = () => {
    if (isClosing) return;
    isClosing = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
}
