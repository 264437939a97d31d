import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { ConfigError } from './load-config.js';

/**
 * Adds the variables of a `.env` file to the environment. What is set there already wins, and a file that is absent adds
 * nothing. Tests (`NODE_ENV=test`) never read it, so that no developer's own file changes them.
 *
 * @param file  of the working directory unless absolute.
 * @throws ConfigError when the file is there and cannot be read.
 */
export function loadEnvFile(file = '.env'): void {
  if (process.env.NODE_ENV === 'test') return;
  try {
    // Node's own function says of a file without rights that it is absent, and of a folder that it is no string.
    readFileSync(resolve(file));
    process.loadEnvFile(resolve(file));
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new ConfigError([`The file ${file} cannot be read (${code}): make it readable, or remove it.`]);
  }
}
