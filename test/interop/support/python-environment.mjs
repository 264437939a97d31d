import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { pythonOf, systemPython } from '../../../scripts/lib/python.mjs';
import { runProgram } from './run-program.mjs';

/**
 * Python with packages, in a virtual environment below .cache/ that is made anew when others are wanted. Environments
 * may be made at the same time.
 *
 * @param name     of the folder below .cache/.
 * @param wanted   text that differs when other packages are wanted.
 * @param install  installs them; gets a function that takes arguments of `pip install`.
 * @returns path of its interpreter.
 */
export async function pythonEnvironment(name, wanted, install) {
  const folder = join(projectRoot, '.cache', name);
  const python = pythonOf(folder);
  const stamp = join(folder, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  mkdirSync(folder, { recursive: true });
  await runProgram(systemPython, ['-m', 'venv', '--clear', folder]);
  // Not compiled: most modules are never imported, and the others are compiled when they are.
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--prefer-binary'];
  await install((...args) => runProgram(python, [...pip, ...args]));
  writeFileSync(stamp, wanted);
  return python;
}
