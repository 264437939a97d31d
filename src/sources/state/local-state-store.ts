import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { EMPTY_STATE } from '../../domain/model-state.js';
import type { ModelState } from '../../domain/model-state.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { waitAtMost } from '../../lib/wait-at-most.js';
import { Disk, DiskTimeoutError } from '../files/disk.js';
import { identityOf } from '../files/file-system.js';
import { StateStore } from './state-store.js';
import { removeDrafts, writeFileAtomic } from '../../lib/write-file-atomic.js';
import { withFileLock } from './file-lock.js';
import type { FileLockOptions, HeldLock } from './file-lock.js';
import { FUTURE, mergeHistories, readState, writeState } from './state-file.js';

/** Name of the file beside a model's card. */
export const STATE_FILE = '.bestrun-state.json';
/** A state has at most some hundred events and one contract. */
const MAX_STATE_BYTES = 16 * 1024 * 1024;
/** Longest time of a write, with the wait for the lock, milliseconds. */
const WRITE_TIMEOUT_MS = 45_000;
/** Folder for the state of models that have no folder in the store, because their runs are stored elsewhere. */
const STATE_DIR_NAME = '.bestrun';

/** Where states lie, and who is told when they cannot be written. */
interface LocalStateOptions {
  /** Absolute path of the folder for all states; beside the cards unless set. */
  readonly stateDir?: string | undefined;
  /** Gets a sentence for the operator when states cannot be written. */
  readonly warn?: (message: string, cause?: unknown) => void;
  /** Gets one when all of them are written again. */
  readonly log?: (message: string) => void;
  /** Times of the lock of a state. */
  readonly lock?: FileLockOptions;
  /** What is asked for states; it may hang. */
  readonly disk?: Disk;
  /** Longest time of a write, with the wait for the lock, milliseconds. */
  readonly writeTimeoutMs?: number;
}

/** What an operator can do. */
const WRITE_FIX = 'Make room and give the right to write, or set STATE_DIR to another folder.';

/** A state that could not be written, with the code of the error, and what the file held at that time. */
interface PendingWrite {
  readonly code: string;
  readonly state: ModelState;
  readonly over: string | undefined;
}

/**
 * States in files beside the cards, or in a folder of their own. One that cannot be written is kept in memory until it
 * can; one that cannot be read is replaced by the last known state: a pin must not come and go with a disk.
 */
export class LocalStateStore extends StateStore {
  private readonly pendingByModel = new Map<string, PendingWrite>();
  private readonly queueByModel = new Map<string, SerialQueue>();
  private readonly knownByModel = new Map<string, Known>();
  /** What was told last to those who ask often. */
  private readonly cached = new Map<string, CachedState>();
  private readonly filesByModel = new Map<string, string>();
  private readonly readErrors = new Map<string, string>();
  private readonly stateDir: string | undefined;
  private readonly warn: NonNullable<LocalStateOptions['warn']>;
  private readonly log: NonNullable<LocalStateOptions['log']>;
  private readonly lockOptions: FileLockOptions;
  private readonly disk: Disk;
  private readonly writeTimeoutMs: number;
  /** Models whose file is being written by a call that was given up. */
  private readonly blockedFiles = new Set<string>();
  /** Models beside whose file nothing lies any more that was never finished. */
  private readonly cleaned = new Set<string>();
  private hasWarned = false;

  /**
   * @param folder  absolute path of the store.
   */
  constructor(
    private readonly folder: string,
    {
      stateDir,
      warn = () => undefined,
      log = () => undefined,
      lock = {},
      disk = new Disk(),
      writeTimeoutMs = WRITE_TIMEOUT_MS,
    }: LocalStateOptions = {},
  ) {
    super();
    this.stateDir = stateDir;
    this.warn = warn;
    this.log = log;
    this.lockOptions = lock;
    this.disk = disk;
    this.writeTimeoutMs = writeTimeoutMs;
  }

  override get problem(): string | undefined {
    const pending = this.pendingByModel;
    if (pending.size > 0) {
      const models = [...pending.keys()].join(', ');
      const codes = [...new Set([...pending.values()].map(({ code }) => code))].join(', ');
      return `Pins and history of ${models} cannot be written (${codes}): they are kept in memory until they can be, and lost if this process ends before. ${WRITE_FIX}`;
    }
    const [unread] = this.readErrors;
    return unread && `The pin and history of ${unread[0]} cannot be read (${unread[1]}): ${this.effectOf(unread[0])}.`;
  }

  async read(model: string): Promise<ModelState> {
    // A disk that was full may have room again.
    if (this.pendingByModel.has(model)) return this.update(model, (state) => state);
    // Waits for this process' own pending writes.
    await this.queueByModel.get(model)?.run(() => Promise.resolve());
    return this.present(model, await this.load(model, await this.fileOf(model)));
  }

  override async readCached(model: string): Promise<ModelState> {
    const known = this.cached.get(model);
    const file = await this.fileOf(model);
    // Asked before the file is read: what is written meanwhile is noticed the next time.
    const identity = await identityIn(file, this.disk);
    const hasPending = this.pendingByModel.has(model) || identity === undefined;
    if (!hasPending && known?.identity === identity) return known.state;
    const state = await this.read(model);
    if (hasPending || this.readErrors.has(model)) this.cached.delete(model);
    else this.cached.set(model, { identity, state });
    return state;
  }

  update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    const queue = this.queueByModel.get(model) ?? new SerialQueue();
    this.queueByModel.set(model, queue);
    return queue.run(() => this.changeNow(model, change));
  }

  private async changeNow(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    const file = await this.fileOf(model);
    const work = (lock: HeldLock) => this.changeFile(model, file, change, lock);
    try {
      return await this.writeInTime(model, async () => {
        await this.makeFolderOf(file);
        return withFileLock(`${file}.lock`, work, this.lockOptions);
      });
    } catch (error) {
      const loaded = await this.load(model, file);
      const after = change(this.present(model, loaded));
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      this.pendingByModel.set(model, { code, state: after, over: loaded.text });
      if (!this.hasWarned) {
        this.hasWarned = true;
        const message = `Pins and history cannot be written to the store (${code}): they are kept in memory`;
        this.warn(
          `${message}, as are the contract that clients rely on and the runs that failed their trial, until they can be written, and lost if this process ends before. ${WRITE_FIX}`,
          error,
        );
      }
      return after;
    }
  }

  /** A disk that hangs keeps nobody waiting for long, and only one write of a model hangs in it. */
  private async writeInTime<T>(model: string, write: () => Promise<T>): Promise<T> {
    if (this.blockedFiles.has(model)) throw new DiskTimeoutError(model, this.writeTimeoutMs);
    const written = write();
    if (await waitAtMost(written, this.writeTimeoutMs)) return written;
    this.blockedFiles.add(model);
    written.catch(() => undefined).finally(() => this.blockedFiles.delete(model));
    throw new DiskTimeoutError(model, this.writeTimeoutMs);
  }

  private async changeFile(
    model: string,
    file: string,
    change: (state: ModelState) => ModelState,
    lock: HeldLock,
  ): Promise<ModelState> {
    const loaded = await this.load(model, file);
    if (loaded.unreadable !== undefined) throw unreadableState(model, loaded.unreadable);
    const before = this.present(model, loaded);
    const after = change(before);
    const isSame = after === before && !this.pendingByModel.has(model);
    if (!isSame) {
      await lock.requireHeld();
      if (!this.cleaned.has(model)) await removeDrafts(file);
      this.cleaned.add(model);
      await this.moveAside(model, file, loaded);
      const text = writeState(after);
      await writeFileAtomic(file, text, { mustSync: true });
      this.knownByModel.set(model, { text, state: after });
    }
    this.markWritten(model);
    return after;
  }

  private markWritten(model: string): void {
    this.pendingByModel.delete(model);
    if (!this.hasWarned || this.pendingByModel.size > 0) return;
    this.hasWarned = false;
    this.log('Pins and history are written to the store again');
  }

  /** The state in the file; or, while no other process changed it, the one this process could not write. */
  private present(model: string, { text, state = EMPTY_STATE }: Loaded): ModelState {
    const pending = this.pendingByModel.get(model);
    if (!pending) return state;
    if (pending.over === text) return pending.state;
    const trials = { ...state.trials, ...pending.state.trials };
    return { ...state, trials, history: mergeHistories(state.history, pending.state.history) };
  }

  private async load(model: string, file: string): Promise<Loaded> {
    const mustHaveFolder = dirname(file) === join(this.folder, model);
    const loaded = await readStateFile(file, this.disk, { mustHaveFolder, known: this.knownByModel.get(model) });
    this.recordReadError(model, loaded);
    if (loaded.unreadable === undefined && !loaded.isInvalid) {
      this.knownByModel.set(model, loaded);
      return loaded;
    }
    const { text, state } = this.knownByModel.get(model) ?? { text: loaded.text, state: undefined };
    return { ...loaded, state, ...(loaded.unreadable !== undefined && { text }) };
  }

  private recordReadError(model: string, { unreadable, isInvalid }: Loaded): void {
    const readError = unreadable ?? (isInvalid ? 'it is damaged' : undefined);
    if (readError === this.readErrors.get(model)) return;
    if (readError === undefined) {
      this.readErrors.delete(model);
      return this.log(`The pin and history of model ${model} can be read again`);
    }
    this.readErrors.set(model, readError);
    this.warn(`The pin and history of model ${model} cannot be read (${readError}): ${this.effectOf(model)}`);
  }

  /** What it means that the file of a model cannot be read. */
  private effectOf(model: string): string {
    if (this.knownByModel.get(model)?.state) return 'the last known ones stay in use';
    return 'none is known, so a pin in it does not hold, and no contract, until it can be read';
  }

  /** A file that is no state was probably edited: it is moved aside rather than overwritten. */
  private async moveAside(model: string, file: string, { isInvalid = false }: Loaded): Promise<void> {
    if (!isInvalid) return;
    await rename(file, `${file}.damaged`);
    this.readErrors.delete(model);
    const rest = this.knownByModel.get(model)?.state ? 'the last known state' : 'a new one that knows nothing of it';
    this.warn(`The damaged file of model ${model} is kept as ${file}.damaged; ${rest} is written in its place`);
  }

  /** Never creates the store itself: one that is unavailable must not be replaced by an empty folder. */
  private async makeFolderOf(file: string): Promise<void> {
    if (this.stateDir !== undefined) await mkdir(this.stateDir, { recursive: true });
    else if (dirname(file) === join(this.folder, STATE_DIR_NAME)) await mkdir(dirname(file)).catch(ignoreExisting);
  }

  /** A model that had a folder keeps its file there: the folder may come back, and its pin with it. */
  private async fileOf(model: string): Promise<string> {
    const known = this.filesByModel.get(model);
    if (known !== undefined) return known;
    if (this.stateDir !== undefined) return join(this.stateDir, model + STATE_FILE);
    const own = join(this.folder, model);
    if (!(await isFolder(own, this.disk))) return join(this.folder, STATE_DIR_NAME, `${model}${STATE_FILE}`);
    this.filesByModel.set(model, join(own, STATE_FILE));
    return join(own, STATE_FILE);
  }
}

interface Known {
  readonly text: string | undefined;
  readonly state?: ModelState | undefined;
}

interface CachedState {
  /** Of the file before it was read. */
  readonly identity: string;
  readonly state: ModelState;
}

interface Loaded extends Known {
  /** Whether there is a text and it is no state. */
  readonly isInvalid?: boolean;
  /** Why the content of the file is unknown: the code of the error, or a few words. It must not be overwritten. */
  readonly unreadable?: string | undefined;
}

interface ReadOptions {
  /** Whether a missing folder means that the store is unavailable. */
  readonly mustHaveFolder: boolean;
  /** What was read last: the same text is not parsed again. */
  readonly known: Known | undefined;
}

async function readStateFile(file: string, disk: Disk, { mustHaveFolder, known }: ReadOptions): Promise<Loaded> {
  try {
    const bytes = await disk.call(file, (fileSystem) => fileSystem.readRegular(file, MAX_STATE_BYTES));
    const text = bytes.toString('utf8');
    if (known?.state && known.text === text) return { text, state: known.state };
    const state = readState(text);
    if (state === FUTURE) return { text, unreadable: 'a newer version has written it' };
    return { text, state, isInvalid: state === undefined };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const isUnavailable = code !== 'ENOENT' || (mustHaveFolder && !(await isFolder(dirname(file), disk)));
    return { text: undefined, unreadable: isUnavailable ? code : undefined };
  }
}

/** What changes with each write, as far as can be told without reading; undefined when there is no file to ask. */
function identityIn(file: string, disk: Disk): Promise<string | undefined> {
  return disk
    .call(file, (fileSystem) => fileSystem.stat(file))
    .then(
      (info) => identityOf(info),
      () => undefined,
    );
}

/** One that does not answer may be one: what was there is not given up for another place. */
function isFolder(path: string, disk: Disk): Promise<boolean> {
  return disk
    .call(path, (fileSystem) => fileSystem.stat(path))
    .then(
      (info) => info.isDirectory(),
      (error: unknown) => error instanceof DiskTimeoutError,
    );
}

/** What cannot be read is not overwritten. */
function unreadableState(model: string, code: string): Error {
  return Object.assign(new Error(`The state of ${model} cannot be read: ${code}`), { code });
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
