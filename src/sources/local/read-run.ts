import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

import type { EncodeSpec, FileReference } from '../../domain/encode-spec.js';
import { JsonSyntaxError, parseJson } from '../../lib/json-text.js';
import { isJsonObject } from '../../lib/json.js';
import type { JsonValue } from '../../lib/json.js';
import type { Run } from '../../domain/run.js';
import { RunError, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import type { SourceRun } from '../run-source.js';
import type { SchemaCheck } from '../schema-check.js';
import { exportOfPythonFile } from './python-file.js';
import { readRegularFile } from './read-regular-file.js';
import { RunFolder } from './run-folder.js';
import { toReadReason } from './read-error-reason.js';

/** `run.json` larger than this is refused: it is read whole at every start. */
const MAX_RUN_FILE_BYTES = 32 * 1024 * 1024;

/**
 * Reads one run folder: `run.json` against its schema, every artifact against its digest.
 * Whatever is wrong becomes a reason; nothing is thrown.
 */
export async function readRun(path: string, location: string, store: string, check: SchemaCheck): Promise<SourceRun> {
  const reasons: VerdictReason[] = [];
  const open = () => Promise.resolve({ folder: path });
  const nothing = { location, run: undefined, vocabularies: new Map<string, string[]>(), reasons, open };
  const folder = await RunFolder.open(path, store).catch((error: unknown) => void reasons.push(folderReasonOf(error)));
  if (!folder) return nothing;
  const document = await readJsonFile(join(folder.path, 'run.json'), reasons);
  if (document === undefined) return nothing;
  const issues = check(document);
  for (const { pointer, expected } of issues) {
    const message = `run.json ${pointer}: ${expected}.`;
    const isFormat = pointer === '/model/format';
    reasons.push(
      isFormat ? reason('FORMAT_UNKNOWN', message, exportFix(document)) : reason('RUN_FILE_INVALID', message),
    );
  }
  if (issues.length > 0) return nothing;
  const run = toRun(document);
  const collect = (work: Promise<void>) => work.catch((error: unknown) => reasons.push(reasonOf(error)));
  const fix = exportFix(document);
  if (fix === undefined) await collect(verifyArtifact(folder, run));
  else reasons.push(reason('FORMAT_UNSUPPORTED', `The artifact "${run.model.path}" needs Python to run.`, fix));
  const vocabularies = new Map<string, string[]>();
  await collect(readVocabularies(folder, run.encode, vocabularies));
  return { location, run, vocabularies, reasons, open: () => Promise.resolve({ folder: folder.path }) };
}

/** How the artifact that a run file names is exported, if only Python can load it. */
function exportFix(document: JsonValue): string | undefined {
  const model = isJsonObject(document) ? document.model : undefined;
  return isJsonObject(model) && typeof model.path === 'string' ? exportOfPythonFile(model.path) : undefined;
}

async function readJsonFile(file: string, reasons: VerdictReason[]): Promise<JsonValue | undefined> {
  try {
    const bytes = await readRegularFile(file);
    if (bytes.length > MAX_RUN_FILE_BYTES) {
      reasons.push(reason('RUN_FILE_INVALID', `run.json is larger than ${MAX_RUN_FILE_BYTES} bytes.`));
      return undefined;
    }
    return withoutNonFiniteMetrics(parseJson(bytes.toString('utf8').replace(/^\uFEFF/, ''), { allowNonFinite: true }));
  } catch (error) {
    const isSyntax = error instanceof JsonSyntaxError;
    reasons.push(
      isSyntax
        ? reason('RUN_FILE_INVALID', `run.json is not JSON: ${error.message}.`)
        : toReadReason('RUN_FILE_MISSING', 'run.json', error, 'There is no readable run.json in the run folder.'),
    );
    return undefined;
  }
}

/** Python's json writes the token NaN where JSON has null; the schema knows only JSON's. */
function withoutNonFiniteMetrics(document: JsonValue): JsonValue {
  if (!isJsonObject(document) || !isJsonObject(document.metrics)) return document;
  const metrics = Object.entries(document.metrics).map(([name, value]) => {
    const isNonFinite = typeof value === 'number' && !Number.isFinite(value);
    return [name, isNonFinite ? null : value] as const;
  });
  return { ...document, metrics: Object.fromEntries(metrics) };
}

/** The schema guarantees the shape; `null` metrics are the trainer's missing numbers. */
function toRun(document: JsonValue): Run {
  const run = document as unknown as Run;
  const metrics = Object.entries(run.metrics).map(([name, value]) => [name, Number(value ?? NaN)]);
  return { ...run, metrics: Object.fromEntries(metrics) as Run['metrics'] };
}

async function verifyArtifact(folder: RunFolder, run: Run): Promise<void> {
  const { path, format, sha256, files = [] } = run.model;
  const isFolder = format === 'saved-model';
  if (isFolder) await folder.resolve(path);
  await folder.verify(isFolder ? posix.join(path, 'saved_model.pb') : path, sha256!);
  for (const file of files) await folder.verify(file.path, file.sha256);
  if (format.startsWith('tfjs')) await requireKnownWeights(folder, run);
}

/** Weights are named by model.json; each must be among the checked files, or a changed file would not be noticed. */
async function requireKnownWeights(folder: RunFolder, run: Run): Promise<void> {
  const known = new Set((run.model.files ?? []).map((file) => posix.normalize(file.path)));
  const base = posix.dirname(run.model.path);
  for (const name of weightPathsOf(await modelJsonOf(folder, run.model.path))) {
    const path = posix.normalize(posix.join(base, name));
    if (known.has(path)) continue;
    throw new RunError('ARTIFACT_MISSING', `The model's weights "${path}" are not listed in run.json /model/files.`);
  }
}

async function modelJsonOf(folder: RunFolder, path: string): Promise<JsonValue> {
  const text = await readFile(await folder.resolve(path), 'utf8');
  try {
    return parseJson(text);
  } catch (error) {
    throw new RunError('LOAD_FAILED', `"${path}" is not JSON.`, { cause: error });
  }
}

function weightPathsOf(model: JsonValue): string[] {
  const manifest = isJsonObject(model) && Array.isArray(model.weightsManifest) ? model.weightsManifest : [];
  return manifest.flatMap((group) =>
    isJsonObject(group) && Array.isArray(group.paths) ? group.paths.filter((path) => typeof path === 'string') : [],
  );
}

async function readVocabularies(folder: RunFolder, encode: EncodeSpec, into: Map<string, string[]>): Promise<void> {
  for (const tensor of encode.tensors) {
    // The thread that uses a tokenizer reads it; here it must be there and unchanged.
    if (tensor.kind === 'tokenizer') await folder.verify(tensor.tokenizer.path, tensor.tokenizer.sha256);
    if (tensor.kind !== 'tokens' || Array.isArray(tensor.vocabulary)) continue;
    const { path, sha256 } = tensor.vocabulary as FileReference;
    await folder.verify(path, sha256);
    into.set(path, await folder.readLines(path));
  }
}

function reasonOf(error: unknown): VerdictReason {
  if (error instanceof RunError) return reason(error.code, error.message, error.fix);
  return toReadReason('ARTIFACT_MISSING', 'A file of the run', error, 'A file of the run cannot be read.');
}

/** The parent folder lists this name: where it leads nowhere, it is a dangling link. */
function folderReasonOf(error: unknown): VerdictReason {
  if (error instanceof RunError) return reason(error.code, error.message, error.fix);
  const brokenLink = 'The run folder is a link to something that is not there.';
  const { code, message, fix } = toReadReason('RUN_FILE_MISSING', 'The run folder', error, brokenLink);
  return reason(code, message, message === brokenLink ? 'Correct the link, or remove it.' : fix);
}
