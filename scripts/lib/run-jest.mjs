import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { makeMemoryFolder } from './memory-folder.mjs';
import { projectRoot } from './project.mjs';

/**
 * Runs Jest in the project, with its temporary files in memory where that is possible.
 *
 * @param {readonly string[]} args  Jest's own.
 * @param {Readonly<Record<string, string>>} environment  variables beside those of this process.
 * @returns {Promise<number>} its exit code, 1 when a signal ended it.
 */
export async function runJest(args, environment = {}) {
  const folder = process.env.TMPDIR === undefined ? makeMemoryFolder() : undefined;
  const jest = spawn(process.execPath, [join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...(folder && { TMPDIR: folder }), ...environment },
  });
  // Jest ends first, so that the folder is nobody's when it is removed.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
  const [code] = await once(jest, 'close');
  if (folder) rmSync(folder, { recursive: true, force: true });
  return code ?? 1;
}
