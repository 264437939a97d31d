import cluster from 'node:cluster';

import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import type { LevelWithSilent, Logger } from 'pino';

import { currentRequestId } from './request-scope.js';

/**
 * The process' logger: one JSON object per line on stdout, time in ISO 8601. Lines of one of several server processes
 * carry its `worker_id`, which is the `X-Worker-Id` of its answers.
 */
export function createLogger(level: LevelWithSilent): Logger {
  return pino({
    level,
    base: cluster.worker ? { worker_id: cluster.worker.id } : undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
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
