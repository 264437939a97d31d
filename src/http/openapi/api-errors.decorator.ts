import { applyDecorators } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';

import { AppError } from '../../domain/app-error.js';
import type { ErrorCode, ErrorDetails } from '../../domain/app-error.js';
import { HTTP_STATUS_OF } from '../errors/http-status-of.js';
import { ErrorEnvelopeDto, HTTPValidationError, ProblemDto, ValidationErrorEnvelopeDto } from './error.dto.js';

/** An error an operation may answer: its code, and the details of its example. */
export type ErrorExample = ErrorCode | readonly [ErrorCode, ErrorDetails];

/** Documents the errors of an operation, grouped by status, each with an example. */
export const ApiErrors = (...errors: readonly ErrorExample[]) => documentErrors(ValidationErrorEnvelopeDto, errors);

/** The same for the short routes, which answer validation errors with `{"detail": […]}` alone (docs/decisions/0003). */
export const ApiShortRouteErrors = (...errors: readonly ErrorExample[]) => documentErrors(HTTPValidationError, errors);

function documentErrors(validationError: Type, errors: readonly ErrorExample[]) {
  return applyDecorators(
    ApiExtraModels(ErrorEnvelopeDto, validationError, ProblemDto),
    ...[...byStatus(errors)].map(([status, group]) =>
      ApiResponse({
        status,
        description: group.map(([code]) => `\`${code}\``).join(', '),
        content: {
          'application/json': {
            schema: { $ref: getSchemaPath(status === 422 ? validationError : ErrorEnvelopeDto) },
            examples: Object.fromEntries(
              group.map(([code, details]) => [
                code,
                { value: errorExample(code, details, validationError === HTTPValidationError) },
              ]),
            ),
          },
          'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } },
        },
      }),
    ),
  );
}

function byStatus(errors: readonly ErrorExample[]): Map<number, (readonly [ErrorCode, ErrorDetails])[]> {
  const groups = new Map<number, (readonly [ErrorCode, ErrorDetails])[]>();
  for (const error of errors) {
    const pair = typeof error === 'string' ? ([error, {}] as const) : error;
    const status = HTTP_STATUS_OF[pair[0]];
    groups.set(status, [...(groups.get(status) ?? []), pair]);
  }
  return groups;
}

/** The body of an error as a client sees it; `isBare` for the validation errors of the short routes. */
function errorExample(code: ErrorCode, details: ErrorDetails, isBare = false): object {
  const status = HTTP_STATUS_OF[code];
  const message = new AppError(code, details).message;
  const head = {
    method: 'GET',
    'status-code': status,
    timestamp: '2026-01-31T12:00:00.000Z',
    url: 'http://localhost:5000/',
  };
  if (code !== 'VALIDATION_FAILED') return { message: message, ...head, detail: message };
  const detail = [{ loc: ['query', 'top'], msg: 'value is not a valid integer', type: 'type_error.integer' }];
  return isBare ? { detail } : { message: STATUS_CODES[status], ...head, detail };
}
