/** `npm test`: installs when needed, then runs every test. Arguments go to Jest: `npm test -- src/domain`. */
import { join } from 'node:path';

import { installIfNeeded, projectRoot, requireSupportedNode, run } from './lib/project.mjs';

requireSupportedNode();
installIfNeeded();
run(process.execPath, [join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'), ...process.argv.slice(2)], {
  ORT_DISABLE_TELEMETRY: '1',
});
