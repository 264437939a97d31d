import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';

import { createLogger } from '../../../src/logging/pino-logger.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { FastPath } from '../../../src/http/fast-path/fast-path.js';
import { createApp } from '../../../src/bootstrap/create-app.js';

/** A server on a free loopback port, for one test file. */
export interface TestApp {
  readonly app: NestExpressApplication;
  readonly fastPath: FastPath | undefined;
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** The models that ship with the project. */
export const SHIPPED_MODELS = join(__dirname, '..', '..', '..', 'models');

/**
 * Starts the whole application as `server.ts` does, without signals and quiet.
 *
 * @param environment  variables as an operator would set them; MODELS_DIR is the shipped store unless given, and there is
 *   one thread.
 */
export async function createTestApp(environment: Record<string, string> = {}): Promise<TestApp> {
  const config = loadConfig({
    MODELS_DIR: SHIPPED_MODELS,
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    // A thread loads its libraries for a tenth of a second of processor time. Tests of threads say how many they want.
    INFERENCE_THREADS: '1',
    // However busy the machine is, a test begins with its models served. Tests of the start say how long it waits.
    START_WAIT_MS: '3600000',
    // So does a process, for more. Tests of trials ask for it.
    TRIAL_PROCESS: 'false',
    ...environment,
  });
  const { app, fastPath } = await createApp(config, createLogger(config));
  await app.listen(config.port, config.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, fastPath, baseUrl: `http://127.0.0.1:${port}`, close: () => app.close() };
}
