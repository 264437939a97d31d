import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';

import { compileRowEncoder } from '../../codec/encode/row-encoder.js';
import type { EncodedRows, RowEncoder } from '../../codec/encode/row-encoder.js';
import type { PreparedRow } from '../../codec/encode/encode-scope.js';
import { objectRows } from '../../codec/column-rows.js';
import type { Columns } from '../../codec/column-rows.js';
import { generateRows } from '../../codec/generated/generated-rows.js';
import type { GeneratedRows } from '../../codec/generated/generated-rows.js';
import { fieldOf, newRow } from '../../codec/rows.js';
import { MisshapenRow } from '../../codec/validate/misshapen-row.js';
import { compileRowNotes } from '../../codec/validate/row-notes.js';
import type { DescribeRow } from '../../codec/validate/row-notes.js';
import { compileRowValidator, validateRows } from '../../codec/validate/row-validator.js';
import type { RowValidator } from '../../codec/validate/row-validator.js';
import { AppError } from '../../domain/app-error.js';
import { bodyText, parseBodyText } from '../../domain/input/json-body.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { Location } from '../../domain/validation-issue.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { measureJson } from '../../lib/json/json-size.js';
import { rowListOf } from '../reading-messages.js';
import type {
  BodyBounds,
  BodyForm,
  EncodeOptions,
  ReadingReply,
  ReadingRequest,
  RemoteEncoded,
  RowCodecSpec,
  SharedBody,
} from '../reading-messages.js';
import type { Bound } from '../value-bounds.js';
import { outlineOf } from './outline.js';

/** Texts of a row that are looked at when another of its fields is wrong. */
const MAX_TEXTS = 1_000;

interface RowCodec {
  readonly validator: RowValidator;
  readonly encoder: RowEncoder;
  readonly describeRow: DescribeRow;
  /** Does the work of validator and encoder for rows that are plainly right. */
  readonly generated: GeneratedRows | undefined;
}

/** Rows of a body: objects, or lists of values under the names of their columns. */
interface BodyRows {
  readonly values: readonly JsonValue[];
  readonly columns?: Columns;
}

/** Main loop of a thread that reads bodies: one request at a time. */
export function serveReading(port: MessagePort): void {
  const reader = new BodyReader();
  port.on('message', (request: ReadingRequest) => {
    const reply = answer(reader, request);
    port.postMessage(reply, reply.kind === 'encoded' && reply.result.encoded ? buffersOf(reply.result.encoded) : []);
  });
}

function answer(reader: BodyReader, request: ReadingRequest): ReadingReply {
  const { id } = request;
  try {
    switch (request.kind) {
      case 'codec':
        reader.addCodec(request.codec, request.spec);
        return { id, kind: 'done' };
      case 'forget':
        reader.forgetCodec(request.codec);
        return { id, kind: 'done' };
      case 'read':
        return { id, kind: 'outline', outline: outlineOf(reader.read(request, request), request.form) };
      case 'encode':
        return { id, kind: 'encoded', result: reader.encode(request.codec, request, request) };
    }
  } catch (error) {
    if (error instanceof ValidationError) return { id, kind: 'issues', issues: error.issues };
    if (error instanceof AppError) return { id, kind: 'refused', code: error.code, details: error.details };
    return { id, kind: 'failed', cause: inspect(error) };
  }
}

/** Reads bodies, and checks and encodes their rows. Keeps the last one, until its rows were encoded. */
class BodyReader {
  private readonly codecs = new Map<number, RowCodec>();
  private last: { readonly body: number; readonly value: JsonValue } | undefined;

  addCodec(key: number, { input, encode, vocabularies }: RowCodecSpec): void {
    this.codecs.set(key, {
      validator: compileRowValidator(input),
      encoder: compileRowEncoder(encode, input, vocabularies),
      describeRow: compileRowNotes(input),
      generated: generateRows(input, encode),
    });
  }

  forgetCodec(key: number): void {
    this.codecs.delete(key);
  }

  /** @throws ValidationError, AppError BODY_NOT_READABLE. */
  read({ body, bytes, form }: SharedBody, bounds?: BodyBounds): JsonValue {
    this.last = undefined;
    // A copy: texts are not made of shared bytes.
    const text = bodyText(Buffer.from(new Uint8Array(bytes)));
    const depth = bounds && requireWithin(bounds, text, form);
    const value = parseBodyText(text, depth);
    this.last = { body, value };
    return value;
  }

  /** @throws ValidationError with every problem of every row. */
  encode(key: number, shared: SharedBody, options: EncodeOptions): RemoteEncoded {
    const value = this.last?.body === shared.body ? this.last.value : this.read(shared);
    this.last = undefined;
    const { from, to } = options;
    const { values, columns } = rowsIn(value, shared.form);
    const locOf = (index: number) => locationOf(columns ? 'data' : shared.form, from + index);
    return encodeRows(this.codecs.get(key)!, { values: values.slice(from, to), columns }, locOf, options);
  }
}

/** Members of a body that hold its rows. */
const ROW_LISTS: Readonly<Record<BodyForm, readonly string[]>> = {
  inputs: ['inputs', 'data'],
  texts: ['texts'],
  row: [],
};

/**
 * @returns how deep the body nests.
 * @throws ValidationError when it holds more than any request may, or than rows of its run can.
 */
function requireWithin({ maxRows, maxStructures, values }: BodyBounds, text: string, form: BodyForm): number {
  const { structures, members, maxSize, marks, depth, longest, longestEscaped } = measureJson(text, ROW_LISTS[form]);
  if (longest.length > maxRows) {
    const msg = `ensure this value has at most ${maxRows} items`;
    const ctx = { limit_value: maxRows };
    throw new ValidationError([{ loc: ['body', longest.key], msg, type: 'value_error.list.max_items', ctx }]);
  }
  requireAtMost(maxStructures, structures, 'objects, lists and members');
  if (values) {
    const rows = form === 'row' ? 1 : Math.min(maxRows, Math.max(longest.length, longestEscaped));
    // One object of very many names takes several times as long as many objects of as many together.
    requireAtMost(boundFor(values.members, Math.min(rows, 1)), maxSize, 'members');
    requireAtMost(boundFor(values.members, rows), members, 'members');
    requireAtMost(boundFor(values.marks, rows), marks, 'values');
  }
  return depth;
}

function boundFor({ base, perRow }: Bound, rows: number): number {
  return rows === 0 ? base : base + perRow * rows;
}

/** @throws ValidationError */
function requireAtMost(limit: number, count: number, what: string): void {
  if (count <= limit) return;
  const msg = `the body holds more ${what} than its rows can: ${count}, and ${limit} at most: send fewer rows, or only their own fields`;
  throw new ValidationError([{ loc: ['body'], msg, type: 'value_error.too_many_values', ctx: { limit_value: limit } }]);
}

function rowsIn(value: JsonValue, form: BodyForm): BodyRows {
  if (form === 'row') return { values: [Array.isArray(value) ? {} : value] };
  const list = isJsonObject(value) ? rowListOf(value, form) : undefined;
  if (list === undefined) return { values: [] };
  const { [list]: rows, columns } = value as JsonObject;
  const values = rows as JsonValue[];
  if (list === 'data') return { values, columns: { names: columns as string[], loc: ['body', 'columns'] } };
  // The other members of a text's object are nobody's.
  return { values: form === 'inputs' ? values : values.map((item) => ({ text: (item as JsonObject).text! })) };
}

function locationOf(list: BodyForm | 'data', index: number): Location {
  return list === 'row' ? ['body'] : ['body', list, index];
}

function encodeRows(
  codec: RowCodec,
  { values: sent, columns }: BodyRows,
  locOf: (index: number) => Location,
  options: EncodeOptions,
): RemoteEncoded {
  const plain = encodePlain(codec, { values: sent, columns }, options);
  if (plain) return plain;
  const { validator, encoder, describeRow } = codec;
  const { mode, canPad, keep, wantsNotes, result } = options;
  const values = columns ? objectRows(validator, columns, sent) : sent;
  const { rows, issues } = validateRows(validator, values, locOf, { source: 'body', mode });
  const notes = wantsNotes && issues.length === 0 && { notes: rows.map((row, i) => describeRow(values[i], row)) };
  if (result === 'rows') {
    const isBroken = issues.length > 0;
    return { count: values.length, rows: isBroken ? values.map(textsOf) : rows, ...notes, ...(isBroken && { issues }) };
  }
  if (issues.length > 0) throw new ValidationError(issues);
  const prepared = encoder.prepare(rows);
  const encoded = encoder.encodeRows(rows, locOf, issues, { prepared, canPad });
  if (issues.length > 0) throw new ValidationError(issues);
  return {
    encoded,
    count: rows.length,
    ...(keep.length > 0 && {
      rows: rows.map((row) => kept(row, keep)),
      prepared: prepared.map((row) => kept(row, keep)),
    }),
    ...notes,
  };
}

/** The rows by the generated function; undefined when some need to be looked at more closely. */
function encodePlain(
  { generated }: RowCodec,
  { values, columns }: BodyRows,
  { result, mode, keep, wantsNotes }: EncodeOptions,
): RemoteEncoded | undefined {
  if (result !== 'tensors' || mode !== 'strict' || keep.length > 0 || wantsNotes) return undefined;
  const tensors = columns ? generated?.encodeLists(columns.names, values) : generated?.encode(values);
  return (
    tensors && {
      encoded: { parts: [{ rows: values.length, tensors }], order: undefined },
      count: values.length,
    }
  );
}

/** The texts of a row as it was sent. */
function textsOf(value: JsonValue | MisshapenRow): JsonObject {
  if (value instanceof MisshapenRow || !isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => typeof member === 'string')
      .slice(0, MAX_TEXTS),
  );
}

function kept<T extends JsonObject | PreparedRow>(row: T, names: readonly string[]): T {
  const own = newRow();
  for (const name of names) {
    const value = fieldOf(row, name);
    if (value !== undefined) own[name] = value;
  }
  return own as T;
}

function buffersOf({ parts }: EncodedRows): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { tensors } of parts) {
    for (const { data } of tensors.values()) if (!Array.isArray(data)) buffers.add(data.buffer as ArrayBuffer);
  }
  return [...buffers];
}
