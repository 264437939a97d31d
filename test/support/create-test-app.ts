import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from '../../src/app.module.js';
import { createAdapter, setUpApp } from '../../src/app.setup.js';
import { PinoLogger, createLogger } from '../../src/common/logging/pino-logger.js';
import { loadConfig } from '../../src/config/load-config.js';
import { publishDocs } from '../../src/docs/publish-docs.js';

/** A server on a free loopback port, for one test file. */
export interface TestApp {
  readonly app: NestExpressApplication;
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** The models that ship with the project. */
export const SHIPPED_MODELS = join(__dirname, '..', '..', 'models');

/**
 * Starts the whole application as `server.ts` does, without signals and quiet.
 *
 * @param environment  variables as an operator would set them; MODELS_DIR is the shipped store unless given.
 */
export async function createTestApp(environment: Record<string, string> = {}): Promise<TestApp> {
  const config = loadConfig({
    MODELS_DIR: SHIPPED_MODELS,
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    ...environment,
  });
  const logger = createLogger(config.logLevel);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), createAdapter(config), {
    logger: new PinoLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  setUpApp(app, config, logger);
  try {
    await app.init();
  } catch (error) {
    // A start that failed still holds worker threads, which would keep the tests from ending.
    await app.close();
    throw error;
  }
  publishDocs(app, config);
  await app.listen(config.port, config.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, baseUrl: `http://127.0.0.1:${port}`, close: () => app.close() };
}
