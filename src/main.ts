// The start and the uptime are measured from here (lib/uptime.ts): under `npm start` the process has installed and built before.
performance.mark('bestrun:start');
// Set before anything loads ONNX Runtime, which reads it once. Threads inherit it.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
// Node reads files with four threads: disks that hang may hold twelve (sources/files/disk.ts), and others must be left.
process.env.UV_THREADPOOL_SIZE ??= '16';

import { allocateYoung } from './bootstrap/allocate-young.js';
import { startWithMallocSettings } from './bootstrap/malloc-settings.js';
import { listenForStop } from './bootstrap/stop-signals.js';

startWithMallocSettings(process);
// Before there is anything to collect.
allocateYoung();
// Before anything else loads: the first process of a container ignores signals that it does not handle.
listenForStop();

import 'reflect-metadata';

import cluster from 'node:cluster';

import type { AppConfig } from './config/app-config.js';
import { loadConfig } from './config/load-config.js';
import { loadEnvFile } from './config/load-env-file.js';
import { findMisspeltVariables, misspeltSentence } from './config/misspelt-variables.js';
import { stopWithReport } from './bootstrap/exit-with-report.js';
import { createLogger } from './logging/pino-logger.js';

async function main(): Promise<void> {
  loadEnvFile();
  const config = loadConfigOrReport();
  if (cluster.isPrimary) warnOfMisspelt(config);
  // Loaded when they are needed: the process that starts the others needs little memory.
  if (cluster.isPrimary && config.workers > 1) return (await import('./bootstrap/cluster.js')).runCluster(config);
  await (await import('./bootstrap/server.js')).startServer(config);
}

/** What cannot be used may be there because of a name that is misspelt: those are named, too. */
function loadConfigOrReport(): AppConfig {
  try {
    return loadConfig(process.env);
  } catch (error) {
    for (const variable of findMisspeltVariables(process.env)) process.stderr.write(`${misspeltSentence(variable)}\n`);
    throw error;
  }
}

function warnOfMisspelt(config: AppConfig): void {
  const logger = createLogger(config);
  for (const variable of findMisspeltVariables(process.env)) {
    logger.warn({ variable: variable.name }, misspeltSentence(variable));
  }
}

main().catch(stopWithReport);
