import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { projectRoot } from '../../lib/project.mjs';
import { pythonOf, systemPython } from '../../lib/python.mjs';

const INSTALL_LIMIT_MS = 300_000;

/** The Python that FastAPI runs on. @returns as `installPython`. */
export function benchPython() {
  return installPython('bench-python', fileURLToPath(new URL('requirements.txt', import.meta.url)), 'FastAPI');
}

/**
 * The Python of a virtual environment with a contender's packages in the pinned versions, made on first use.
 *
 * @param name  of the folder in `.cache`.
 * @param requirements  path of the pinned versions.
 * @returns {{ python: string } | { missing: string }}  missing: why there is none.
 */
export function installPython(name, requirements, contender) {
  const folder = join(projectRoot, '.cache', name);
  const python = pythonOf(folder);
  const stamp = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python };
  mkdirSync(dirname(folder), { recursive: true });
  console.error(`bench: installing ${contender} into .cache/${name} (first time only) …`);
  const steps = [
    [systemPython, ['-m', 'venv', folder], 'Python 3 with venv'],
    [python, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', requirements], `the packages of ${contender}`],
  ];
  for (const [command, args, what] of steps) {
    const { status } = spawnSync(command, args, { stdio: 'ignore', timeout: INSTALL_LIMIT_MS });
    if (status !== 0) return { missing: `${what} could not be installed` };
  }
  writeFileSync(stamp, wanted);
  return { python };
}
