import { compileRowEncoder } from '../../src/codec/encode/row-encoder.js';
import type { RowEncoder } from '../../src/codec/encode/row-encoder.js';
import { compileRowValidator } from '../../src/codec/validate/row-validator.js';
import type { ValidateOptions } from '../../src/codec/validate/row-validator.js';
import type { TensorEncoding } from '../../src/domain/encode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import type { FieldSchema, RowSchema } from '../../src/domain/signature.js';
import type { Tensor } from '../../src/domain/tensor.js';
import type { ValidationIssue } from '../../src/domain/validation-issue.js';

/** Where rows come from. */
export const BODY: ValidateOptions = { source: 'body', mode: 'strict' };
export const QUERY: ValidateOptions = { source: 'query', mode: 'strict' };

/** Of encodings that name no file. */
export const NO_FILES: ReadonlyMap<string, readonly string[]> = new Map();

/** A row that has to have all these fields but the optional ones. */
export function schemaOf(
  properties: Readonly<Record<string, FieldSchema>>,
  optional: readonly string[] = [],
): RowSchema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

/** The row as it is understood, or the problems; never both. */
export function validate(
  schema: RowSchema,
  value: unknown,
  options = BODY,
): { row?: JsonObject; issues: ValidationIssue[] } {
  const issues: ValidationIssue[] = [];
  const row = compileRowValidator(schema).validate(value, ['body', 'inputs', 0], options, issues);
  expect(row === undefined).toBe(issues.length > 0);
  return { row, issues };
}

/** The one tensor made of rows, and the problems found. */
export function encodeRows(
  encoder: RowEncoder,
  rows: readonly JsonObject[],
): { tensor: Tensor; issues: ValidationIssue[] } {
  const issues: ValidationIssue[] = [];
  const tensors = encoder.encode(rows, (i) => ['body', 'inputs', i], issues);
  return { tensor: [...tensors.values()][0]!, issues };
}

/** What one tensor makes of the value of the one field `x`. */
export function encodeOne(
  encoding: TensorEncoding,
  field: FieldSchema,
  value: unknown,
  files = NO_FILES,
): { data: unknown[]; shape: readonly number[]; issues: ValidationIssue[] } {
  const encoder = compileRowEncoder({ tensors: [encoding] }, schemaOf({ x: field }), files);
  const { tensor, issues } = encodeRows(encoder, [{ x: value } as JsonObject]);
  return { data: Array.from(tensor.data as Iterable<unknown>), shape: tensor.shape, issues };
}
