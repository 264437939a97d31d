import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of the server, from package.json: the one place it is set. */
export const VERSION = (JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string })
  .version;
