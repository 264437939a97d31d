import { primaryFieldsOf } from '../../domain/contract.js';
import type { DecodeSpec } from '../../domain/decode-spec.js';
import type { PreparedText } from '../../domain/encode-spec.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { Signature } from '../../domain/signature.js';
import type { TensorSpec, NamedTensors } from '../../domain/tensor.js';
import { compileKind, requireDistinct } from './compile-head.js';
import { mismatch } from '../encode/encode-scope.js';
import type { PreparedRow } from '../encode/encode-scope.js';
import type { FieldColumns, OutputDecoder } from './output-decoder.js';
import { compileValueWriter } from './row-writer.js';
import type { ValueWriter } from './row-writer.js';
import { fieldOf, newRow } from '../rows.js';
import { describeOutputMismatch, hasRows } from '../tensor-mismatch.js';

/** What a decoder may repeat in the answer. */
export interface DecodeContext {
  /** The validated input rows. */
  readonly rows: readonly JsonObject[];
  /** Their prepared texts, from the encoder. */
  readonly prepared: readonly PreparedRow[];
  /** Input tensors of the rows that the decoder reads (`inputNames`). */
  readonly inputs?: NamedTensors;
}

/** How output rows are written: as objects, or as lists of the values of their fields. */
export type AnswerShape = 'rows' | 'columns';

/** Turns the model's output tensors into output rows. */
export interface RowDecoder {
  /** Output tensors to ask the model for. */
  readonly outputNames: readonly string[];
  /** Input tensors to keep for the decoder. */
  readonly inputNames: readonly string[];
  /** Fields of the bare answer. */
  readonly primaryFields: readonly string[];
  /** Fields given only to callers that name them. */
  readonly onRequestFields: readonly string[];
  /**
   * One output row per input row, in order; fields in the order of `signature.output.properties`.
   * Numbers that JSON cannot hold are null.
   *
   * @param include  on-request fields the caller asked for.
   * @throws AppError `PREDICTION_FAILED` when the tensors are not what `decode` says; the cause tells how.
   */
  decode(outputs: NamedTensors, context: DecodeContext, include: ReadonlySet<string>): JsonObject[];
  /**
   * The rows that `decode` gives, as the text of a JSON array; quicker, because there are no rows in between.
   *
   * @param shape  `columns` writes each row as the list of its values, in the order of `fieldNames`.
   */
  write(outputs: NamedTensors, context: DecodeContext, include: ReadonlySet<string>, shape?: AnswerShape): string;
  /** Names of the fields of each row. */
  fieldNames(include: ReadonlySet<string>): readonly string[];
  /** Whether the first dimension of a declared output that it reads holds the rows. */
  hasRows(output: TensorSpec): boolean;
  /** One sentence per way in which a model's declared outputs differ from what `decode` reads. */
  describeMismatch(outputs: readonly TensorSpec[]): string[];
}

interface OutputField {
  readonly name: string;
  readonly isOnRequest: boolean;
  /** Input field or prepared text it repeats. */
  readonly echo: string | undefined;
  /** Its name as it stands in an answer, with the colon. */
  readonly key: string;
  readonly write: ValueWriter;
}

/**
 * Compiles `decode` of a run, once.
 *
 * @param prepare  `encode.prepare` of the run, whose texts `echo` may name; unchecked when left out.
 * @throws RunError `SIGNATURE_MISMATCH` when decode and signature do not fit.
 */
export function compileRowDecoder(
  decode: DecodeSpec,
  signature: Signature,
  prepare?: readonly PreparedText[],
): RowDecoder {
  const decoder = compileKind(decode, signature.output);
  checkFields(decode, decoder, signature, prepare);
  const echo = new Map(Object.entries(decode.echo ?? {}));
  const onRequest = new Set(decode.on_request);
  const fields = Object.entries(signature.output.properties).map(([name, schema]): OutputField => {
    const key = `${JSON.stringify(name)}:`;
    return { name, isOnRequest: onRequest.has(name), echo: echo.get(name), key, write: compileValueWriter(schema) };
  });
  const defaultFields = fields.filter(({ isOnRequest }) => !isOnRequest);
  const defaultNames = new Set(defaultFields.map(({ name }) => name));
  const requestedFields = (include: ReadonlySet<string>) =>
    include.size === 0 ? defaultFields : fields.filter(({ name, isOnRequest }) => !isOnRequest || include.has(name));
  const read = (outputs: NamedTensors, { rows, inputs }: DecodeContext, include: ReadonlySet<string>) => {
    const isDefault = include.size === 0;
    const requested = requestedFields(include);
    const fieldNames = isDefault ? defaultNames : new Set(requested.map(({ name }) => name));
    return { requested, columns: decoder.decode(outputs, rows.length, fieldNames, inputs) };
  };

  return {
    outputNames: [...new Set(decoder.tensors.map(({ tensor }) => tensor))],
    inputNames: decoder.inputNames ?? [],
    primaryFields: primaryFieldsOf(decode),
    onRequestFields: [...onRequest],
    decode(outputs, context, include) {
      const { requested, columns } = read(outputs, context, include);
      return context.rows.map((_, row) => outputRow(requested, columns, context, row));
    },
    write(outputs, context, include, shape = 'rows') {
      const { requested, columns } = read(outputs, context, include);
      return writeRows(requested, columns, context, shape === 'rows');
    },
    fieldNames: (include) => requestedFields(include).map(({ name }) => name),
    hasRows: (output) => hasRows(decoder.tensors, output),
    describeMismatch: (outputs) => describeOutputMismatch(decoder.tensors, outputs),
  };
}

function outputRow(
  fields: readonly OutputField[],
  columns: FieldColumns,
  { rows, prepared }: DecodeContext,
  index: number,
): JsonObject {
  const output = newRow();
  for (const { name, echo } of fields) {
    output[name] = echo === undefined ? columns.get(name)![index]! : inputValue(echo, rows[index]!, prepared[index]);
  }
  return output;
}

function writeRows(
  fields: readonly OutputField[],
  columns: FieldColumns,
  { rows, prepared }: DecodeContext,
  hasNames: boolean,
): string {
  const columnOf = fields.map(({ name }) => columns.get(name));
  const [open, close] = hasNames ? ['{', '}'] : ['[', ']'];
  let text = '[';
  for (let row = 0; row < rows.length; row++) {
    text += row === 0 ? open : `,${open}`;
    for (let i = 0; i < fields.length; i++) {
      const { key, write, echo } = fields[i]!;
      const value = echo === undefined ? columnOf[i]![row]! : inputValue(echo, rows[row]!, prepared[row]);
      const start = hasNames ? key : '';
      text += (i === 0 ? start : `,${start}`) + write(value);
    }
    text += close;
  }
  return `${text}]`;
}

/** null when the client left the field out. */
function inputValue(name: string, row: JsonObject, prepared: PreparedRow = {}): JsonValue {
  return fieldOf(prepared, name) ?? fieldOf(row, name) ?? null;
}

function checkFields(
  decode: DecodeSpec,
  decoder: OutputDecoder,
  signature: Signature,
  prepare: readonly PreparedText[] | undefined,
): void {
  const made = [...decoder.fields, ...Object.keys(decode.echo ?? {})];
  requireDistinct(made, '/decode');
  requireSameFields(made, Object.keys(signature.output.properties));
  for (const key of ['on_request', 'primary'] as const) {
    const unknownName = decode[key]?.find((name) => !made.includes(name));
    if (unknownName !== undefined) throw mismatch(`/decode/${key}`, `"${unknownName}" is not an output field`);
  }
  const missing = primaryFieldsOf(decode).find((name) => decode.on_request?.includes(name));
  if (missing !== undefined) throw mismatch('/decode/on_request', `the primary field "${missing}" is always given`);
  if (prepare) checkEcho(decode, signature, prepare);
}

function checkEcho({ echo = {} }: DecodeSpec, signature: Signature, prepare: readonly PreparedText[]): void {
  const known = new Set([...Object.keys(signature.input.properties), ...prepare.map(({ name }) => name)]);
  const unknownName = Object.values(echo).find((source) => !known.has(source));
  if (unknownName !== undefined)
    throw mismatch('/decode/echo', `"${unknownName}" is neither an input field nor a prepared text`);
}

function requireSameFields(made: readonly string[], expected: readonly string[]): void {
  const [makes, declares] = [new Set(made), new Set(expected)];
  const extra = made.find((name) => !declares.has(name));
  if (extra !== undefined) throw mismatch('/signature/output', `decode gives "${extra}", which properties lacks`);
  const missing = expected.find((name) => !makes.has(name));
  if (missing !== undefined)
    throw mismatch('/signature/output', `properties has "${missing}", which decode does not give`);
}
