import { ApiProperty } from '@nestjs/swagger';

import { EnvelopeHeadDto } from './envelope.dto.js';

/** An error: the envelope with `detail` in place of `data`. */
export class ErrorEnvelopeDto extends EnvelopeHeadDto {
  @ApiProperty({ description: 'What is wrong and what to do.', example: 'The request is not well-formed HTTP.' })
  detail: string;
}

/** One broken rule. */
class ValidationErrorDto {
  @ApiProperty({
    description: 'Where: `body`, `query` or `path`, then field names and list indexes.',
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    example: ['body', 'inputs', 0, 'age'],
  })
  loc: (string | number)[];

  @ApiProperty({ description: 'Which rule.', example: 'field required' })
  msg: string;

  @ApiProperty({ description: 'The rule as a word for programs.', example: 'value_error.missing' })
  type: string;

  @ApiProperty({
    description: "The rule's facts, e.g. its limit.",
    required: false,
    example: { limit_value: 1 },
  })
  ctx?: Record<string, unknown>;
}

/** A request that breaks the contract, on the short routes: the list alone. */
export class HTTPValidationError {
  @ApiProperty({ type: [ValidationErrorDto], description: 'Every problem, in the order of the fields.' })
  detail: ValidationErrorDto[];
}

/** A request that breaks the contract: every problem of it. */
export class ValidationErrorEnvelopeDto extends EnvelopeHeadDto {
  @ApiProperty({ type: [ValidationErrorDto], description: 'Every problem, in the order of the fields.' })
  detail: ValidationErrorDto[];
}

/** An error for clients that accept `application/problem+json` (RFC 9457). */
export class ProblemDto {
  @ApiProperty({ description: 'The kind of error.', example: 'urn:bestrun:error:RUN_NOT_FOUND' })
  type: string;

  @ApiProperty({ description: 'Reason phrase of the status.', example: 'Not Found' })
  title: string;

  @ApiProperty({ type: 'integer', description: 'The HTTP status.', example: 404 })
  status: number;

  @ApiProperty({
    description: 'What is wrong and what to do.',
    example: 'Invalid run ID: no run is named "nope". GET /runs lists them.',
  })
  detail: string;

  @ApiProperty({ description: 'Address as requested.', example: 'http://localhost:5000/runs/nope' })
  instance: string;

  @ApiProperty({ description: 'Error code (docs/errors.md).', example: 'RUN_NOT_FOUND' })
  code: string;

  @ApiProperty({ description: 'The same as X-Request-Id.', example: 'a1b2c3' })
  request_id: string;

  @ApiProperty({ type: [ValidationErrorDto], required: false, description: 'For VALIDATION_FAILED: every problem.' })
  errors?: ValidationErrorDto[];
}
