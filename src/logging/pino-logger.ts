import cluster from 'node:cluster';

import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { Logger } from 'pino';

import type { AppConfig } from '../config/app-config.js';
import { waitAtMost } from '../lib/wait-at-most.js';
import { VERSION } from '../version.js';
import { LogOutput } from './log-output.js';
import { currentRequestId } from './request-scope.js';
import { standardOutput } from './standard-output.js';

/** Log lines that may wait for a reader that does not keep up: some five thousand. */
const MAX_WAITING_BYTES = 1_048_576;

/** Of this process; made when the first line may come. */
let output: LogOutput | undefined;

/**
 * A logger of this process: one JSON object per line on stdout, time in ISO 8601. Each line carries the `version` and the
 * `worker_id`, which is the `X-Worker-Id` of the process' answers, or 0 for the process that starts the others (`WORKERS`).
 */
export function createLogger({ logLevel, workers }: Pick<AppConfig, 'logLevel' | 'workers'>): Logger {
  const options = {
    level: logLevel,
    base: { version: VERSION, worker_id: cluster.worker?.id ?? (workers > 1 ? 0 : 1) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (logLevel === 'silent') return pino(options);
  const logger: Logger = pino(options, (output ??= createOutput((lines) => tellDropped(logger, lines))));
  return logger;
}

/** Waits until all lines are written, but not for a reader that has stopped. */
export async function flushLog(timeoutMs: number): Promise<void> {
  const written = output;
  if (written) await waitAtMost(new Promise<void>((resolve) => written.flush(resolve)), timeoutMs);
}

function createOutput(onDropped: (lines: number) => void): LogOutput {
  const created = new LogOutput(standardOutput(), MAX_WAITING_BYTES, onDropped);
  process.once('exit', () => created.flushNow());
  return created;
}

function tellDropped(logger: Logger, lines: number): void {
  logger.warn({ dropped_lines: lines }, 'log lines were dropped before this one: they could not be written in time');
}

/** Parts of Nest that list every module and route at each start; an operator reads the docs for those. */
const STARTUP_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/**
 * Nest's logging through pino: the last parameter is the context, an object or an error before it is kept whole. A line
 * that is written while a request is worked on carries its `request_id`.
 */
export class PinoLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(STARTUP_CONTEXTS.has(rest.at(-1) as string) ? 'debug' : 'info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(
    level: 'info' | 'warn' | 'error' | 'fatal' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const texts = rest.filter((item) => typeof item === 'string');
    const error = rest.find((item) => item instanceof Error) ?? (message instanceof Error ? message : undefined);
    const fields = typeof message === 'object' && message !== null && !(message instanceof Error) ? message : {};
    const text = typeof message === 'string' ? message : message instanceof Error ? message.message : texts.shift();
    const line = { request_id: currentRequestId(), ...fields, ...(error && { err: error }), context: texts.at(-1) };
    this.pino[level](line, text ?? '');
  }
}
