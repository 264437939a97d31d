process.env.ORT_DISABLE_TELEMETRY ??= '1';

import { listenForStop } from '../bootstrap/stop-signals.js';

listenForStop();

import 'reflect-metadata';

import { endProcess } from '../bootstrap/end-process.js';
import { stopWithReport } from '../bootstrap/exit-with-report.js';
import { loadEnvFile } from '../config/load-env-file.js';
import { findMisspeltVariables, misspeltSentence } from '../config/misspelt-variables.js';
import { countEndingThreads } from '../lib/threads/ending-threads.js';
import { checkModels } from './check-command.js';

/** `npm run models:check [folder]`: says what a server would say of runs, and of every run why. */
async function main(): Promise<void> {
  loadEnvFile();
  for (const variable of findMisspeltVariables(process.env)) process.stderr.write(`${misspeltSentence(variable)}\n`);
  process.exitCode = await checkModels(process.argv.slice(2), process.env, process);
  // Ends by itself, but not while a thread hangs in a model.
  if (countEndingThreads() > 0) await endProcess(process.exitCode);
}

main().catch(stopWithReport);
