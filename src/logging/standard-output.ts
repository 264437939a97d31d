import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

import type { LogSink } from './log-output.js';

const STDOUT = 1;

/**
 * Standard output for the log. A pipe or socket whose reader does not keep up is waited for by the event loop, without a
 * thread; a file and a device are written at once. What cannot be written (a full disk, a reader that is
 * gone) is the caller's to count; it never ends the process.
 */
export function standardOutput(): LogSink {
  return hasReader() ? new PipeSink() : new FileSink();
}

/** Whether standard output has a reader, who may be slow. */
function hasReader(): boolean {
  try {
    const stats = fstatSync(STDOUT);
    return stats.isFIFO() || stats.isSocket() || isatty(STDOUT);
  } catch {
    return false;
  }
}

class PipeSink implements LogSink {
  constructor() {
    process.stdout.on('error', () => undefined);
  }

  write(text: string, done: (error?: Error | null) => void): void {
    process.stdout.write(text, done);
  }

  writeNow(text: string): boolean {
    return writeNow(text);
  }
}

class FileSink implements LogSink {
  write(text: string, done: (error?: Error | null) => void): void {
    done(writeNow(text) ? undefined : new Error('standard output takes no more'));
  }

  writeNow(text: string): boolean {
    return writeNow(text);
  }
}

function writeNow(text: string): boolean {
  try {
    for (let rest = Buffer.from(text); rest.length > 0;) rest = rest.subarray(writeSync(STDOUT, rest));
    return true;
  } catch {
    return false;
  }
}
