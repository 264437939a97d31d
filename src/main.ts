// The start is measured from here: under `npm start` the process has installed and built before.
performance.mark('bestrun:start');
// Set before anything loads ONNX Runtime, which reads it once. Threads inherit it.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import cluster from 'node:cluster';

import type { AppConfig } from './config/app-config.js';
import { loadConfig } from './config/load-config.js';
import { loadEnvFile } from './config/load-env-file.js';
import { findMisspeltVariables } from './config/misspelt-variables.js';
import { runCluster } from './bootstrap/cluster.js';
import { startServer } from './bootstrap/server.js';
import { stopWithReport } from './bootstrap/exit-with-report.js';
import { createLogger } from './logging/pino-logger.js';

async function main(): Promise<void> {
  loadEnvFile();
  const config = loadConfig(process.env);
  if (cluster.isPrimary) warnOfMisspelt(config);
  if (cluster.isPrimary && config.workers > 1) return runCluster(config);
  await startServer(config);
}

function warnOfMisspelt(config: AppConfig): void {
  const logger = createLogger(config.logLevel);
  for (const { name, meant } of findMisspeltVariables(process.env)) {
    logger.warn({ variable: name }, `${name} is not a variable of bestrun and is ignored. Did you mean ${meant}?`);
  }
}

main().catch(stopWithReport);
