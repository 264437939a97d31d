/** Names of Python's files, which differ between systems. */
import { join } from 'node:path';

const isWindows = process.platform === 'win32';

/** The interpreter that makes virtual environments: `python3`, or `python` on Windows, whose installer brings only that. */
export const systemPython = isWindows ? 'python' : 'python3';

/** The interpreter of the virtual environment in a folder. */
export const pythonOf = (folder) => binOf(folder, 'python');

/** A command of the virtual environment in a folder. */
export const binOf = (folder, command) =>
  isWindows ? join(folder, 'Scripts', `${command}.exe`) : join(folder, 'bin', command);
