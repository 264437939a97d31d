// The start is measured from here: under `npm start` the process has installed and built before.
performance.mark('bestrun:start');
// Set before anything loads ONNX Runtime, which reads it once. Threads inherit it.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import cluster from 'node:cluster';

import { loadConfig } from './config/load-config.js';
import { runCluster } from './bootstrap/cluster.js';
import { startServer } from './bootstrap/server.js';
import { stopWithReport } from './bootstrap/exit-with-report.js';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  if (cluster.isPrimary && config.workers > 1) return runCluster(config);
  await startServer(config);
}

main().catch(stopWithReport);
