import { join, posix } from 'node:path';

import { sha256OfBytes } from '../../lib/digest.js';
import type { FileReference } from '../../domain/encode-spec.js';
import type { Example, Run } from '../../domain/run.js';
import { RunError, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { DiskTimeoutError } from '../files/disk.js';
import type { Disk } from '../files/disk.js';
import { readRunFile, weightPathsOf } from '../files/file-tasks.js';
import type { RunFile } from '../files/file-tasks.js';
import { TaskProgress } from '../files/file-thread.js';
import type { FileThread } from '../files/file-thread.js';
import type { RunArtifacts, SourceRun } from '../run-source.js';
import type { SchemaCheck } from '../schema-check.js';
import { TOO_MANY_FILES, unreadable } from './fingerprint.js';
import { exportOfPythonFile } from './python-file.js';
import { toReadReason } from './read-error-reason.js';
import type { RunLocation } from './run-cache.js';
import {
  MAX_EXAMPLES_BYTES,
  MAX_INLINE_BYTES,
  MAX_INLINE_DOCUMENT_BYTES,
  MAX_VOCABULARY_BYTES,
  filesOfRun,
  isList,
  toStoredRun,
  vocabularyFiles,
} from './run-files.js';
import type { RunFileReference, StoredRun } from './run-files.js';
import { RunFolder, digestError, isLfsPointer, lfsError } from './run-folder.js';
import { SharedParts } from './shared-parts.js';

/** Bytes of a pointer of Git LFS at most. */
const MAX_POINTER_BYTES = 1_024;

/** A larger `run.json` is refused: it is read whole at every start. */
const MAX_RUN_FILE_BYTES = 8 * 1024 * 1024;
/** The `model.json` of TensorFlow.js has the topology, and no weights. */
const MAX_MODEL_JSON_BYTES = 64 * 1024 * 1024;

/** How far the check of a run is. */
export interface CheckProgress {
  readonly bytes: number;
  /** 0 while it is not known. */
  readonly totalBytes: number;
}

/** Who reads a run, and what he is told meanwhile. */
export interface ReadRequest {
  /** As `fingerprintOf` gave it. */
  readonly fingerprint: string | undefined;
  /**
   * Called once when the rest takes long, with what is known so far: a run that may not be served yet, and how far its
   * check is. Never called for a run that is read at once.
   */
  readonly onSlow: (draft: SourceRun, progress: () => CheckProgress) => void;
  /** Stops the check. */
  readonly signal: AbortSignal;
}

/** What runs are read with. */
export interface RunReaderParts {
  /** Absolute folder of the store. */
  readonly store: string;
  readonly check: SchemaCheck;
  readonly disk: Disk;
  /** For documents, and digests of files up to a quarter of a gigabyte; and for those of larger ones. */
  readonly threads: { readonly small: FileThread; readonly large: FileThread };
  /** Largest model, all its files together, bytes. */
  readonly maxModelBytes: number;
  /** Longest time that the check of a run may take, milliseconds. */
  readonly checkTimeoutMs: number;
}

/** Runs with larger files wait for each other, not for the others. */
const LARGE_BYTES = 256 * 1024 * 1024;

/**
 * Reads run folders: `run.json` against its schema, every file against its digest. Sizes come before contents, and what
 * takes long is done in threads, so that one run cannot keep another waiting.
 */
export class RunReader {
  /** What the runs have in common. */
  readonly shared = new SharedParts();

  constructor(private readonly parts: RunReaderParts) {}

  /** Takes a run that was read elsewhere and found to be sound. @param folder  absolute, links resolved. */
  accept(location: RunLocation, folder: string, stored: StoredRun): SourceRun {
    const { parts } = this;
    return toSourceRun(location, RunFolder.resolved(folder, location.path, parts.disk), stored, {
      readExamples: (from, file) => readExamples(parts, from, file),
    });
  }

  /** Reads one run. Whatever is wrong becomes a reason; rejects only when it was stopped. */
  read(location: RunLocation, request: ReadRequest): Promise<SourceRun> {
    return new RunReading(this.parts, this.shared, location, request).read();
  }
}

/** A run as it is listed. @param run  whose examples may lie in a file. */
function toSourceRun(
  location: RunLocation,
  folder: RunFolder,
  stored: StoredRun,
  { vocabularies = NO_VOCABULARIES, reasons = [], readExamples }: SourceRunParts,
): SourceRun {
  const { examples } = stored;
  const run: Run = { ...stored, examples: isList(examples) ? examples : [] };
  const open = async (): Promise<RunArtifacts> => {
    if (isList(examples)) return { folder: folder.path };
    const read = await readExamples(folder, examples);
    return { folder: folder.path, complete: () => ({ ...run, examples: read }) };
  };
  return { location: location.location, folder: folder.path, run, vocabularies, reasons, open };
}

interface SourceRunParts {
  readonly vocabularies?: ReadonlyMap<string, readonly string[]>;
  readonly reasons?: readonly VerdictReason[];
  /** When the run is loaded: most runs of a store never are. */
  readonly readExamples: (folder: RunFolder, file: FileReference) => Promise<Example[]>;
}

/** One reading of one run folder. */
class RunReading {
  private readonly reasons: VerdictReason[] = [];
  /** Paths of files that are those of `run.json`. */
  private readonly verified = new Set<string>();
  private doneBytes = 0;
  private totalBytes = 0;
  private current: TaskProgress | undefined;
  private isSlow = false;

  constructor(
    private readonly parts: RunReaderParts,
    private readonly shared: SharedParts,
    private readonly location: RunLocation,
    private readonly request: ReadRequest,
  ) {}

  async read(): Promise<SourceRun> {
    const { path } = this.location;
    if (this.request.fingerprint === unreadable(TOO_MANY_FILES)) return this.invalid(TOO_MANY);
    try {
      const folder = await RunFolder.open(path, this.parts.store, this.parts.disk);
      return await this.readIn(folder);
    } catch (error) {
      if (isAbort(error)) throw error;
      return this.invalid(folderReasonOf(error));
    }
  }

  private async readIn(folder: RunFolder): Promise<SourceRun> {
    const content = await this.readDocument(folder);
    if (!content) return this.invalid();
    if ('problem' in content) return this.invalid(reason('RUN_FILE_INVALID', `${content.problem}.`));
    if ('issues' in content) return this.invalid(...issueReasons(content));
    const stored = this.shared.share(toStoredRun(content.document));
    const vocabularies = vocabularyFiles(stored).length > 0 ? new Map<string, string[]>() : NO_VOCABULARIES;
    const sourceRun = toSourceRun(this.location, folder, stored, {
      vocabularies,
      reasons: this.reasons,
      readExamples: (from, file) => readExamples(this.parts, from, file),
    });
    await this.checkFiles(folder, stored, sourceRun);
    await this.collect(() => this.readVocabularies(folder, stored, vocabularies));
    return sourceRun;
  }

  private async readDocument(folder: RunFolder): Promise<RunFile | undefined> {
    const file = join(folder.path, 'run.json');
    const { disk, check, threads } = this.parts;
    try {
      // A link may lead to what the trainer wrote elsewhere.
      const info = await disk.call(this.location.path, (fileSystem) => fileSystem.stat(file));
      if (Number(info.size) <= MAX_INLINE_DOCUMENT_BYTES || Number(info.size) > MAX_RUN_FILE_BYTES) {
        const bytes = await disk.call(this.location.path, (fs) => fs.readRegular(file, MAX_RUN_FILE_BYTES));
        return readRunFile(bytes, check);
      }
      this.markSlow();
      const task = { kind: 'run-file', file, maxBytes: MAX_RUN_FILE_BYTES } as const;
      return await threads.small.run(task, this.taskOptions());
    } catch (error) {
      if (isAbort(error)) throw error;
      const missing = 'There is no readable run.json in the run folder.';
      const code = isTimeout(error) ? 'ARTIFACT_UNAVAILABLE' : 'RUN_FILE_MISSING';
      this.reasons.push(toReadReason(code, 'run.json', error, missing, MAX_RUN_FILE_BYTES));
      return undefined;
    }
  }

  /** Sizes first: a file that is too large, or none, is told without reading any. */
  private async checkFiles(folder: RunFolder, run: StoredRun, sourceRun: SourceRun): Promise<void> {
    const fix = exportOfPythonFile(run.model.path);
    if (fix !== undefined)
      this.reasons.push(reason('FORMAT_UNSUPPORTED', `The artifact "${run.model.path}" needs Python to run.`, fix));
    await this.collect(async () => {
      if (run.model.format === 'saved-model' && fix === undefined) await folder.resolve(run.model.path);
      const files = await this.measureAll(folder, filesOfRun(run, { withModel: fix === undefined }));
      if (this.totalBytes > MAX_INLINE_BYTES) this.markSlow(sourceRun);
      for (const file of files) await this.collect(() => this.verify(folder, file));
      if (run.model.format.startsWith('tfjs')) await this.requireKnownWeights(folder, run);
    });
  }

  private async measureAll(folder: RunFolder, files: readonly RunFileReference[]): Promise<MeasuredFile[]> {
    const measured: MeasuredFile[] = [];
    for (const reference of files) {
      await this.collect(async () => {
        const { file, bytes } = await folder.measure(reference.path);
        if (bytes > reference.maxBytes) throw tooLarge(reference.path, bytes, reference.maxBytes);
        measured.push({ ...reference, file, bytes });
        this.totalBytes += bytes;
      });
    }
    const { maxModelBytes } = this.parts;
    if (this.totalBytes <= maxModelBytes) return measured;
    const largest = measured.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    const message = `The files of the run have ${this.totalBytes} bytes ("${largest.path}" has ${largest.bytes}); at most ${maxModelBytes} are served.`;
    throw new RunError('ARTIFACT_TOO_LARGE', message, { fix: 'Publish a smaller model, or raise MAX_MODEL_BYTES.' });
  }

  private async verify(folder: RunFolder, { path, sha256, file, bytes }: MeasuredFile): Promise<void> {
    const actual = this.isSlow
      ? await this.digestInThread(file, bytes)
      : sha256OfBytes(await folder.read(path, MAX_INLINE_BYTES));
    this.doneBytes += bytes;
    this.current = undefined;
    if (actual === sha256) return void this.verified.add(path);
    const isPointer = bytes <= MAX_POINTER_BYTES && isLfsPointer(await folder.read(path, MAX_POINTER_BYTES));
    throw isPointer ? lfsError(path) : digestError(path, actual, sha256);
  }

  private digestInThread(file: string, bytes: number): Promise<string> {
    const { small, large } = this.parts.threads;
    const thread = bytes > LARGE_BYTES ? large : small;
    return thread.run({ kind: 'digest', file }, this.taskOptions());
  }

  /** Weights are named by model.json; each must be among the checked files, or a changed file would not be noticed. */
  private async requireKnownWeights(folder: RunFolder, { model }: Pick<Run, 'model'>): Promise<void> {
    const known = new Set((model.files ?? []).map((file) => posix.normalize(file.path)));
    const base = posix.dirname(model.path);
    for (const name of await this.readWeightPaths(folder, model.path)) {
      const path = posix.normalize(posix.join(base, name));
      if (known.has(path)) continue;
      throw new RunError('ARTIFACT_MISSING', `The model's weights "${path}" are not listed in run.json /model/files.`);
    }
  }

  private async readWeightPaths(folder: RunFolder, path: string): Promise<readonly string[]> {
    const { file, bytes } = await folder.measure(path);
    if (bytes > MAX_MODEL_JSON_BYTES) throw tooLarge(path, bytes, MAX_MODEL_JSON_BYTES);
    const isInline = bytes <= MAX_INLINE_DOCUMENT_BYTES;
    if (!isInline) this.markSlow();
    const task = { kind: 'weight-paths', file, maxBytes: MAX_MODEL_JSON_BYTES } as const;
    const paths = isInline
      ? weightPathsOf(await folder.read(path, MAX_INLINE_DOCUMENT_BYTES))
      : await this.parts.threads.small.run(task, this.taskOptions());
    if (!paths) throw new RunError('LOAD_FAILED', `"${path}" is not JSON.`);
    return paths;
  }

  private async readVocabularies(folder: RunFolder, run: StoredRun, into: Map<string, string[]>): Promise<void> {
    for (const { path } of vocabularyFiles(run)) {
      if (!this.verified.has(path)) continue;
      const text = (await folder.read(path, MAX_VOCABULARY_BYTES)).toString('utf8');
      into.set(path, text.replace(/\r?\n$/, '').split(/\r?\n/));
    }
  }

  /** Lets whoever waits go on. @param draft  what is known of the run; undefined before its `run.json` was read. */
  private markSlow(draft?: SourceRun): void {
    if (this.isSlow) return;
    this.isSlow = true;
    const message =
      draft === undefined
        ? 'Its run.json is being read.'
        : `Its files (${this.totalBytes} bytes) are being read, to check that they are those of run.json.`;
    const reasons = [reason('BEING_CHECKED', message)];
    const { location } = this.location;
    const unknown = { location, run: undefined, vocabularies: new Map<string, string[]>(), open: notChecked };
    const progress = () => ({ bytes: this.doneBytes + (this.current?.bytes ?? 0), totalBytes: this.totalBytes });
    this.request.onSlow({ ...(draft ?? unknown), reasons }, progress);
  }

  private taskOptions() {
    this.current = new TaskProgress();
    return { timeoutMs: this.parts.checkTimeoutMs, signal: this.request.signal, progress: this.current };
  }

  private async collect(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAbort(error)) throw error;
      this.reasons.push(this.fileReasonOf(error));
    }
  }

  private fileReasonOf(error: unknown): VerdictReason {
    if (error instanceof RunError) return reason(error.code, error.message, error.fix);
    if (isTimeout(error) && !(error instanceof DiskTimeoutError)) return notInTime(this.parts.checkTimeoutMs);
    const code = isTimeout(error) ? 'ARTIFACT_UNAVAILABLE' : 'ARTIFACT_MISSING';
    return toReadReason(code, 'A file of the run', error, 'A file of the run cannot be read.');
  }

  private invalid(...reasons: VerdictReason[]): SourceRun {
    const { location } = this.location;
    const open = () => Promise.resolve({ folder: this.location.path });
    return {
      location,
      run: undefined,
      vocabularies: new Map<string, string[]>(),
      reasons: [...this.reasons, ...reasons],
      open,
    };
  }
}

async function readExamples(
  { threads, checkTimeoutMs }: RunReaderParts,
  folder: RunFolder,
  { path, sha256 }: FileReference,
): Promise<Example[]> {
  const { file, bytes } = await folder.measure(path);
  if (bytes > MAX_EXAMPLES_BYTES) throw tooLarge(path, bytes, MAX_EXAMPLES_BYTES);
  const task = { kind: 'examples', file, maxBytes: MAX_EXAMPLES_BYTES, sha256 } as const;
  const read = await threads.small.run(task, { timeoutMs: checkTimeoutMs });
  if ('problem' in read) throw new RunError('RUN_FILE_INVALID', `"${path}" ${read.problem}.`);
  if ('sha256' in read) throw new RunError('CHECKSUM_MISMATCH', `"${path}" changed after it was checked.`);
  return read.examples as unknown as Example[];
}

interface MeasuredFile extends RunFileReference {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
}

/** Most runs have none: it stays empty. */
const NO_VOCABULARIES = new Map<string, string[]>();

const TOO_MANY = reason(
  'ARTIFACT_TOO_LARGE',
  'The run folder holds more than 10000 files.',
  'Keep only run.json and the files that it names.',
);

/** Whether a check of this run may end otherwise when it is repeated, though nothing has changed. */
export function isPassing({ reasons }: SourceRun): boolean {
  return reasons.some(({ code }) => code === 'ARTIFACT_UNAVAILABLE');
}

function notInTime(timeoutMs: number): VerdictReason {
  const message = `The files of the run could not be read within ${timeoutMs} ms.`;
  const fix = 'Check the disk or share, or raise CHECK_TIMEOUT_MS; it is tried again some time later.';
  return reason('ARTIFACT_UNAVAILABLE', message, fix);
}

function notChecked(): Promise<never> {
  return Promise.reject(new RunError('BEING_CHECKED', 'The run is being checked.'));
}

function issueReasons({ issues, modelPath }: Extract<RunFile, { issues: unknown }>): VerdictReason[] {
  const exportFix = modelPath === undefined ? undefined : exportOfPythonFile(modelPath);
  return issues.map(({ pointer, expected }) => {
    const message = `run.json ${pointer}: ${expected}.`;
    return pointer === '/model/format'
      ? reason('FORMAT_UNKNOWN', message, exportFix)
      : reason('RUN_FILE_INVALID', message);
  });
}

function tooLarge(path: string, bytes: number, maxBytes: number): RunError {
  return new RunError('ARTIFACT_TOO_LARGE', `"${path}" has ${bytes} bytes; at most ${maxBytes} are read.`, {
    fix: 'Put a smaller file in its place.',
  });
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ETIMEDOUT';
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The parent folder lists this name: where it leads nowhere, it is a dangling link. */
function folderReasonOf(error: unknown): VerdictReason {
  if (error instanceof RunError) return reason(error.code, error.message, error.fix);
  const brokenLink = 'The run folder is a link to something that is not there.';
  const { code, message, fix } = toReadReason('RUN_FILE_MISSING', 'The run folder', error, brokenLink);
  return reason(code, message, message === brokenLink ? 'Correct the link, or remove it.' : fix);
}
