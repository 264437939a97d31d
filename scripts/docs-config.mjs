/** `npm run docs:config`: writes the variables into docs/configuration.md and .env.example (scripts/lib/config-docs.cjs). */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import configDocs from './lib/config-docs.cjs';
import { buildIfStale, installIfNeeded, projectRoot, requireSupportedNode } from './lib/project.mjs';

const { configurationTable, environmentExample, replaceGenerated } = configDocs;

requireSupportedNode();
installIfNeeded();
await buildIfStale();

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { describeVariables } = require(join(projectRoot, 'dist', 'config', 'describe-variables.js'));
const variables = describeVariables();
const source = readFileSync(join(projectRoot, 'src', 'config', 'environment.dto.ts'), 'utf8');
const targets = { 'docs/configuration.md': configurationTable, '.env.example': environmentExample };
for (const [path, generate] of Object.entries(targets)) {
  const file = join(projectRoot, path);
  writeFileSync(file, replaceGenerated(readFileSync(file, 'utf8'), generate(variables, source)));
  console.log(`Wrote ${path}.`);
}
