process.env.ORT_DISABLE_TELEMETRY ??= '1';

import 'reflect-metadata';

import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from '../app.module.js';
import { createAdapter } from '../bootstrap/app.setup.js';
import { loadConfig } from '../config/load-config.js';
import { DocsService } from '../docs/docs.service.js';
import { publishDocs } from '../docs/publish-docs.js';
import { stopWithReport } from '../bootstrap/exit-with-report.js';
import { readArguments } from './read-arguments.js';

const USAGE = 'Usage: npm run openapi [-- --help] [file]\n';

const ROOT = join(__dirname, '..', '..');

/**
 * `npm run openapi [file]`: writes the API document for the shipped models, docs/openapi.json unless a file is named.
 * The same models and the same version always give the same file; the environment does not count.
 */
async function main(): Promise<void> {
  const file = readArguments(USAGE) ?? join(ROOT, 'docs', 'openapi.json');
  const config = loadConfig({ MODELS_DIR: join(ROOT, 'models'), LOG_LEVEL: 'silent', TRIAL_PROCESS: 'false' });
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config), createAdapter(config), {
    logger: false,
    abortOnError: false,
  });
  await app.init();
  publishDocs(app);
  const document: unknown = JSON.parse((await app.get(DocsService).getDocument()).text);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  await app.close();
  process.stdout.write(`Wrote ${relative(process.cwd(), resolve(file))}.\n`);
}

main().catch(stopWithReport);
