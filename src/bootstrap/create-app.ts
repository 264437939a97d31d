import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';

import { AppModule } from '../app.module.js';
import { createAdapter, setUpApp, setUpFastPath } from './app.setup.js';
import { PinoLogger } from '../logging/pino-logger.js';
import type { AppConfig } from '../config/app-config.js';
import { BodyBudget } from '../http/request/body-budget.js';
import type { FastPath } from '../http/fast-path/fast-path.js';
import { publishDocs } from '../docs/publish-docs.js';

/** The application, and the transport that reads its connections first. */
interface BestrunApp {
  readonly app: NestExpressApplication;
  /** undefined when it is switched off. */
  readonly fastPath: FastPath | undefined;
}

/**
 * The whole application, its best runs loaded and its documents written; only the port is still closed. The same for
 * the server and for the tests.
 *
 * @throws what makes a start impossible, once everything that was started has ended again.
 */
export async function createApp(config: AppConfig, logger: Logger): Promise<BestrunApp> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config), createAdapter(config), {
    logger: new PinoLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const bodies = new BodyBudget(config.maxBodyBytesInFlight);
  setUpApp(app, config, logger, bodies);
  try {
    await app.init();
  } catch (error) {
    // A start that failed still holds worker threads, which would keep the process from ending.
    await app.close();
    throw error;
  }
  publishDocs(app);
  return { app, fastPath: setUpFastPath(app, config, logger, bodies) };
}
