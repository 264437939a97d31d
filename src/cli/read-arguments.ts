import { parseArgs } from 'node:util';

/** Exit code of a program that was called in a way it does not know. */
const WRONG_USAGE = 2;

/**
 * Reads the arguments of a program that takes at most one path. With `--help` it prints how it is used and ends; so it
 * does, with code 2, when it is given anything else.
 *
 * @returns the path, if any.
 */
export function readArguments(usage: string): string | undefined {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) {
      process.stdout.write(usage);
      process.exit(0);
    }
    if (positionals.length > 1) throw new Error('Only one path can be given.');
    return positionals[0];
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(WRONG_USAGE);
  }
}
