import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { projectRoot } from '../../lib/project.mjs';
import { pythonOf, systemPython } from '../../lib/python.mjs';

const folder = join(projectRoot, '.cache', 'bench-python');
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const INSTALL_LIMIT_MS = 300_000;

/**
 * The Python of a virtual environment with FastAPI's packages in the pinned versions, made on first use.
 * @returns {{ python: string } | { missing: string }}  missing: why there is none.
 */
export function benchPython() {
  const python = pythonOf(folder);
  const stamp = join(folder, 'installed.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python };
  mkdirSync(dirname(folder), { recursive: true });
  console.error('bench: installing FastAPI into .cache/bench-python (first time only) …');
  const steps = [
    [systemPython, ['-m', 'venv', folder], 'Python 3 with venv'],
    [python, ['-m', 'pip', 'install', '--quiet', '--retries', '1', '-r', requirements], "FastAPI's packages"],
  ];
  for (const [command, args, what] of steps) {
    const { status } = spawnSync(command, args, { stdio: 'ignore', timeout: INSTALL_LIMIT_MS });
    if (status !== 0) return { missing: `${what} could not be installed` };
  }
  writeFileSync(stamp, wanted);
  return { python };
}
