/** Compiles src to dist with the Nest CLI and copies the files that are served or read as they are. */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot, run, stampBuild } from './lib/project.mjs';

const require = (await import('node:module')).createRequire(import.meta.url);

run(process.execPath, [join(projectRoot, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);

const assets = join(projectRoot, 'dist', 'assets');
mkdirSync(assets, { recursive: true });
const swaggerUi = require('swagger-ui-dist').getAbsoluteFSPath();
const copies = [
  [join(swaggerUi, 'swagger-ui-bundle.js'), 'swagger-ui-bundle.js'],
  [join(swaggerUi, 'swagger-ui.css'), 'swagger-ui.css'],
  [join(projectRoot, 'node_modules', 'redoc', 'bundles', 'redoc.standalone.js'), 'redoc.standalone.js'],
];
for (const [from, name] of copies) cpSync(from, join(assets, name));

stampBuild();
