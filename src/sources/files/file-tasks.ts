import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

import { countValues } from '../../lib/json/count-values.js';
import { sha256OfBytes } from '../../lib/digest.js';
import type { JsonValue } from '../../lib/json/json.js';
import { JsonSyntaxError, parseJson } from '../../lib/json/json-text.js';
import { isJsonObject } from '../../lib/json/json.js';
import { withoutNaN } from '../../lib/json/without-nan.js';
import { loadSchemaCheck } from '../schema-check.js';
import type { SchemaCheck, SchemaIssue } from '../schema-check.js';
import { requireRegular } from './file-system.js';

/** What a thread may be asked to do with one file; `file` is absolute. */
export type FileTask =
  | { readonly kind: 'digest'; readonly file: string }
  | { readonly kind: 'run-file'; readonly file: string; readonly maxBytes: number }
  | { readonly kind: 'weight-paths'; readonly file: string; readonly maxBytes: number }
  | { readonly kind: 'examples'; readonly file: string; readonly maxBytes: number; readonly sha256: string };

/** What it gives back. */
export interface FileTaskResults {
  /** SHA-256, lower-case hex. */
  readonly digest: string;
  readonly 'run-file': RunFile;
  /** Paths of weights, relative to the file; undefined when it is not JSON. */
  readonly 'weight-paths': readonly string[] | undefined;
  readonly examples: ExampleFile;
}

/** A document of a run, or what is wrong with it. */
export type RunFile =
  | { readonly document: JsonValue }
  /** `modelPath` as far as it can be read. */
  | { readonly issues: readonly SchemaIssue[]; readonly modelPath: string | undefined }
  | { readonly problem: string };

/** Rows of a file of examples, or what is wrong with it. */
export type ExampleFile =
  { readonly examples: JsonValue[] } | { readonly sha256: string } | { readonly problem: string };

/** Told how far a task is, and whether to go on. */
export interface TaskWatch {
  /** @returns whether to stop. */
  onBytes(bytes: number): boolean;
}

/** Bytes that are read at a time: a task notices within that much that it is to stop. */
const CHUNK_BYTES = 1024 * 1024;
/** Most values of a document; whoever uses it pays for each of them, in memory and time. */
const MAX_DOCUMENT_VALUES = 1_000_000;
/** Most of them beside examples: nobody waits longer for a run of long examples, but for one of as many metrics. */
const MAX_OTHER_VALUES = 100_000;
/** Most examples of a run. */
const MAX_EXAMPLES = 1_000;

/**
 * Does a task. Blocks its thread, also when the disk hangs.
 *
 * @throws NodeJS.ErrnoException of the file; `DOMException` AbortError when it was stopped.
 */
export function doFileTask(task: FileTask, watch: TaskWatch): FileTaskResults[FileTask['kind']] {
  switch (task.kind) {
    case 'digest':
      return digestOf(task.file, watch);
    case 'run-file':
      return readRunFile(readWhole(task.file, task.maxBytes, watch), loadSchemaCheck('run'));
    case 'weight-paths':
      return weightPathsOf(readWhole(task.file, task.maxBytes, watch));
    case 'examples':
      return readExamples(readWhole(task.file, task.maxBytes, watch), task.sha256);
  }
}

/** @param check  of `run.json`. */
export function readRunFile(bytes: Buffer, check: SchemaCheck): RunFile {
  const parsed = parse(bytes);
  if ('problem' in parsed) return { problem: `run.json ${parsed.problem}` };
  if (countValues(withoutExamples(parsed.value), MAX_OTHER_VALUES) > MAX_OTHER_VALUES)
    return { problem: `run.json has more than ${MAX_OTHER_VALUES} values beside its examples` };
  const document = withoutNonFinite(parsed.value);
  const issues = check(document);
  return issues.length > 0 ? { issues, modelPath: modelPathOf(document) } : { document };
}

/** The weights that the `model.json` of TensorFlow.js names. */
export function weightPathsOf(bytes: Buffer): readonly string[] | undefined {
  const parsed = parse(bytes);
  if ('problem' in parsed) return undefined;
  const model = parsed.value;
  const manifest = isJsonObject(model) && Array.isArray(model.weightsManifest) ? model.weightsManifest : [];
  return manifest.flatMap((group) =>
    isJsonObject(group) && Array.isArray(group.paths) ? group.paths.filter((path) => typeof path === 'string') : [],
  );
}

function readExamples(bytes: Buffer, sha256: string): ExampleFile {
  const actual = sha256OfBytes(bytes);
  if (actual !== sha256) return { sha256: actual };
  const parsed = parse(bytes);
  if ('problem' in parsed) return parsed;
  const issue = issueOfExamples(parsed.value);
  return issue === undefined ? { examples: withoutNaN(parsed.value) as JsonValue[] } : { problem: issue };
}

/** As schemas/run.schema.json says of examples that stand in `run.json`. */
function issueOfExamples(value: JsonValue): string | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_EXAMPLES)
    return `must be a list of 1 to ${MAX_EXAMPLES} examples`;
  const wrong = value.findIndex((example) => !isExample(example));
  return wrong < 0 ? undefined : `/${wrong}: must be an object with the objects "input" and "output", and nothing else`;
}

function isExample(value: JsonValue): boolean {
  if (!isJsonObject(value) || Object.keys(value).length !== 2) return false;
  return [value.input, value.output].every((row) => isJsonObject(row));
}

function parse(bytes: Buffer): { readonly value: JsonValue } | { readonly problem: string } {
  if (hasTooManyValues(bytes)) return { problem: `has more than ${MAX_DOCUMENT_VALUES} values` };
  try {
    return { value: parseJson(bytes.toString('utf8').replace(/^\uFEFF/, ''), { allowNonFinite: true }) };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { problem: `is not JSON: ${error.message}` };
  }
}

/** Each value but the first of its container has a comma before it; an empty container has its bracket only. */
function hasTooManyValues(bytes: Buffer): boolean {
  if (bytes.length <= MAX_DOCUMENT_VALUES) return false;
  let values = 0;
  let isText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) isText = !isText;
    else if (isText) i += byte === 0x5c ? 1 : 0;
    else if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
  }
  return values > MAX_DOCUMENT_VALUES;
}

function withoutExamples(document: JsonValue): JsonValue {
  return isJsonObject(document) ? { ...document, examples: null } : document;
}

/** Python's json writes the token NaN where JSON has null; the schema knows only JSON's. */
function withoutNonFinite(document: JsonValue): JsonValue {
  if (!isJsonObject(document)) return document;
  const { metrics, examples } = document;
  return {
    ...document,
    ...(isJsonObject(metrics) && { metrics: withoutNaN(metrics) }),
    ...(Array.isArray(examples) && { examples: withoutNaN(examples) }),
  };
}

function modelPathOf(document: JsonValue): string | undefined {
  const model = isJsonObject(document) ? document.model : undefined;
  return isJsonObject(model) && typeof model.path === 'string' ? model.path : undefined;
}

function digestOf(file: string, watch: TaskWatch): string {
  const hash = createHash('sha256');
  forEachChunk(file, Infinity, watch, (chunk) => hash.update(chunk));
  return hash.digest('hex');
}

function readWhole(file: string, maxBytes: number, watch: TaskWatch): Buffer {
  const chunks: Buffer[] = [];
  forEachChunk(file, maxBytes, watch, (chunk) => chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

/** Reads no further than the file was long when it was opened: one that grows for ever has an end. */
function forEachChunk(file: string, maxBytes: number, watch: TaskWatch, use: (chunk: Buffer) => void): void {
  requireRegular(statSync(file), maxBytes);
  const fd = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const info = fstatSync(fd);
    requireRegular(info, maxBytes);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, info.size + 1));
    for (let at = 0; at < info.size;) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, info.size - at), at);
      if (count === 0) return;
      at += count;
      if (watch.onBytes(at)) throw new DOMException('stopped', 'AbortError');
      use(buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}
