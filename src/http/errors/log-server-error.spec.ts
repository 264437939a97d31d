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
    const error = new AppError('NOTHING_TO_SERVE', { reason: 'the store is empty.' });

    expect(logged(error)).toEqual([
      [{ request_id: 'request-1', code: 'NOTHING_TO_SERVE' }, 'No model can be served: the store is empty.'],
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
