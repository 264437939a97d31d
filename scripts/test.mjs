/**
 * `npm test`: installs when needed, then runs every test. Arguments go to Jest: `npm test -- src/domain`. Temporary files
 * lie in memory where the system offers that, unless TMPDIR says where.
 */
import { installIfNeeded, requireSupportedNode } from './lib/project.mjs';
import { runJest } from './lib/run-jest.mjs';

requireSupportedNode();
installIfNeeded();
process.exit(await runJest(process.argv.slice(2)));
