import { parseArgs } from 'node:util';

/** Exit code of a program that was called in a way it does not know. */
export const WRONG_USAGE = 2;

/** A program was called in a way it does not know; the message says what it cannot use. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What a program that takes at most one path was asked. */
export interface Arguments {
  readonly path?: string;
  readonly wantsHelp: boolean;
}

/**
 * @param args  those after the name of the program.
 * @throws UsageError for anything but `--help` and one path.
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) throw new UsageError('Only one path can be given.');
  return { path: positionals[0], wantsHelp: values.help === true };
}

function parse(args: readonly string[]) {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node goes on to explain how a path that begins with a dash is given.
    const [sentence] = (error as Error).message.split('. ');
    throw new UsageError(`${sentence!.replace(/\.$/, '')}.`);
  }
}

/**
 * Reads the arguments of this process. With `--help` it prints how the program is used and ends; so it does, with code 2,
 * when it is given anything but one path.
 *
 * @returns the path, if any.
 */
export function readArguments(usage: string): string | undefined {
  try {
    const { path, wantsHelp } = parseArguments(process.argv.slice(2));
    if (!wantsHelp) return path;
    process.stdout.write(usage);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return process.exit(WRONG_USAGE);
  }
}
