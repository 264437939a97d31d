/** Runs a compiled program of dist/ after bringing packages and build up to date: `node scripts/with-build.mjs FILE [ARGS]`. */
import { join } from 'node:path';

import { buildIfStale, installIfNeeded, projectRoot, requireSupportedNode, run } from './lib/project.mjs';

const [program, ...args] = process.argv.slice(2);
requireSupportedNode();
installIfNeeded();
await buildIfStale();
run(process.execPath, [join(projectRoot, program), ...args]);
