import { HttpException } from '@nestjs/common';

import { AppError } from '../../domain/app-error.js';

/** What Express' router throws. */
interface HttpError {
  readonly name?: string;
  readonly status?: number;
}

/** What is thrown as a coded error: INTERNAL_ERROR with it as the cause, unless it is known. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  // Nest wraps what Express throws.
  const fromExpress = fromHttpError(thrown instanceof HttpException ? thrown.cause : thrown);
  return fromExpress ?? new AppError('INTERNAL_ERROR', {}, { cause: thrown });
}

function fromHttpError(thrown: unknown): AppError | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { name, status } = thrown as HttpError;
  if (name === 'URIError') return new AppError('BAD_URL');
  return status === 400 ? new AppError('BODY_NOT_READABLE', {}, { cause: thrown }) : undefined;
}
