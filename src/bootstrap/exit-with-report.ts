import { ConfigError } from '../config/load-config.js';
import { NothingToServeError } from '../registry/refresh/nothing-to-serve.error.js';
import { endProcess } from './end-process.js';

/** The start failed: says why in words an operator can act on, and ends the process with code 1, threads or not. */
export async function stopWithReport(error: unknown): Promise<void> {
  const isExpected = error instanceof ConfigError || error instanceof NothingToServeError || isListenError(error);
  const text = isExpected ? sentenceOf(error) : `bestrun could not start: ${describe(error)}`;
  process.stderr.write(`${text}\n`);
  await endProcess(1);
}

function isListenError(error: unknown): error is NodeJS.ErrnoException {
  // A process of a cluster asks its primary, whose call is named 'bind'.
  const { syscall } = error as NodeJS.ErrnoException;
  return error instanceof Error && (syscall === 'listen' || syscall === 'bind');
}

function sentenceOf(error: Error): string {
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Stop the other program or set PORT to a free one.`;
  if (code === 'EACCES') return `Port ${port} needs more rights. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL')
    return `This machine has no address ${address}. Set HOST to one of its own, or 0.0.0.0.`;
  return error.message;
}

function describe(error: unknown): string {
  return error instanceof Error
    ? error.cause === undefined
      ? (error.stack ?? error.message)
      : error.message
    : String(error);
}
