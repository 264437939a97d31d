import { Logger } from '@nestjs/common';

import { AppError } from '../../domain/app-error.js';
import { logServerError } from './log-server-error.js';

function logged(error: AppError): unknown[][] {
  const logger = new Logger('test');
  const write = jest.spyOn(logger, 'error').mockImplementation(() => undefined);
  logServerError(logger, error, 'request-1');
  return write.mock.calls;
}

describe('logging an error of the server', () => {
  it('logs a known error without a stack', () => {
    expect(logged(new AppError('WORKER_LOST'))).toEqual([
      [{ request_id: 'request-1', code: 'WORKER_LOST' }, expect.stringContaining('was lost')],
    ]);
  });

  it('logs a state that every request meets now and then, with the number of requests between', () => {
    jest.useFakeTimers();
    const logger = new Logger('test');
    const warn = jest.spyOn(logger, 'warn').mockImplementation(() => undefined);
    const meet = () => logServerError(logger, new AppError('QUEUE_FULL', { retryAfterSeconds: 1 }), 'request-1');

    for (let i = 0; i < 100; i++) meet();
    jest.advanceTimersByTime(10_000);
    meet();
    jest.useRealTimers();

    expect(warn.mock.calls.map(([details]) => details as unknown)).toEqual([
      { code: 'QUEUE_FULL' },
      { code: 'QUEUE_FULL', requests_since_last_line: 99 },
    ]);
  });

  it('logs the cause, with its stack, where there is one', () => {
    const cause = new TypeError('x is not a function');
    const error = new AppError('INTERNAL_ERROR', {}, { cause });

    expect(logged(error)).toEqual([[{ request_id: 'request-1', code: 'INTERNAL_ERROR', err: cause }, error.message]]);
  });

  it('does not log what the client did wrong', () => {
    expect(logged(new AppError('MODEL_NOT_FOUND', { model: 'a', known: 'none' }))).toEqual([]);
  });
});
