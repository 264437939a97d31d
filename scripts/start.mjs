/** `npm start`: installs and builds when needed, then runs the server in this very process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { buildIfStale, installIfNeeded, isBuilt, projectRoot, requireSupportedNode } from './lib/project.mjs';

requireSupportedNode();
const parent = process.ppid;
process.chdir(projectRoot);
installIfNeeded({ production: isBuilt() });
await buildIfStale();
// npm has ended meanwhile: a SIGTERM to it does not come here, and nobody wants this server any more.
if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) process.exit(143);
// A URL, not a path: Windows paths are not importable. CommonJS loads through the same call.
const entry = join(projectRoot, 'dist', 'main.js');
process.argv[1] = entry;
await import(pathToFileURL(entry).href);
