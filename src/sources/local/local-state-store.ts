import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { EMPTY_STATE } from '../../domain/model-state.js';
import type { ModelState } from '../../domain/model-state.js';
import { Turns } from '../../domain/turns.js';
import { StateStore } from '../state-store.js';
import { writeWhole } from '../write-whole.js';
import { withFileLock } from './file-lock.js';
import { mergeHistories, readState, writeState } from './state-file.js';

/** Name of the file beside a model's card. */
export const STATE_FILE = '.bestrun-state.json';
/** Where the state of models lies that have no folder in the store, because their runs live elsewhere. */
const OTHERS = '.bestrun';

/** What is known of a model that could not be written, and what the file held at that time. */
interface Unwritten {
  readonly state: ModelState;
  readonly over: string | undefined;
}

/** States in files beside the cards; one that cannot be written is kept in memory until it can. */
export class LocalStateStore extends StateStore {
  private readonly unwrittenByModel = new Map<string, Unwritten>();
  private readonly turnsByModel = new Map<string, Turns>();
  private hasWarned = false;

  /**
   * @param folder  absolute path of the store.
   * @param warn  gets a sentence for the operator when states cannot be kept.
   * @param tell  gets one when all of them are kept again.
   */
  constructor(
    private readonly folder: string,
    private readonly warn: (message: string, cause: unknown) => void = () => undefined,
    private readonly tell: (message: string) => void = () => undefined,
  ) {
    super();
  }

  async read(model: string): Promise<ModelState> {
    // A disk that was full may have room again.
    if (this.unwrittenByModel.has(model)) return this.update(model, (state) => state);
    // What this process has begun to write it also reads.
    await this.turnsByModel.get(model)?.take(() => Promise.resolve());
    return this.present(model, await this.load(await this.fileOf(model)));
  }

  update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    const turns = this.turnsByModel.get(model) ?? new Turns();
    this.turnsByModel.set(model, turns);
    return turns.take(() => this.changeNow(model, change));
  }

  private async changeNow(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    const file = await this.fileOf(model);
    try {
      // Never the store itself: one that is away is not to be made anew in its place.
      if (dirname(file) === join(this.folder, OTHERS)) await mkdir(dirname(file)).catch(ignoreExisting);
      return await withFileLock(`${file}.lock`, async () => {
        const loaded = await this.load(file);
        const before = this.present(model, loaded);
        const after = change(before);
        const isKept = after === before && !this.unwrittenByModel.has(model);
        if (!isKept) {
          await keepDamaged(file, loaded);
          await writeWhole(file, writeState(after), { isSynced: true });
        }
        this.noteWritten(model);
        return after;
      });
    } catch (error) {
      const { text } = await this.load(file);
      const after = change(this.present(model, { text, state: text === undefined ? undefined : readState(text) }));
      this.unwrittenByModel.set(model, { state: after, over: text });
      if (!this.hasWarned) {
        this.hasWarned = true;
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
        this.warn(`Pins and history cannot be written to the store (${code}): this process alone knows them`, error);
      }
      return after;
    }
  }

  private noteWritten(model: string): void {
    this.unwrittenByModel.delete(model);
    if (!this.hasWarned || this.unwrittenByModel.size > 0) return;
    this.hasWarned = false;
    this.tell('Pins and history are written to the store again');
  }

  /** What the file says; or, as long as nobody else wrote it, what this process could not write. */
  private present(model: string, { text, state = EMPTY_STATE }: Loaded): ModelState {
    const unwritten = this.unwrittenByModel.get(model);
    if (!unwritten) return state;
    if (unwritten.over === text) return unwritten.state;
    return { ...state, history: mergeHistories(state.history, unwritten.state.history) };
  }

  private async load(file: string): Promise<Loaded> {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return { text, state: text === undefined ? undefined : readState(text) };
  }

  private async fileOf(model: string): Promise<string> {
    const own = join(this.folder, model);
    const isThere = await stat(own).then(
      (info) => info.isDirectory(),
      () => false,
    );
    return isThere ? join(own, STATE_FILE) : join(this.folder, OTHERS, `${model}${STATE_FILE}`);
  }
}

interface Loaded {
  readonly text: string | undefined;
  /** undefined when there is no file, or none that can be read as a state. */
  readonly state?: ModelState | undefined;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** A file that is no state is somebody's accident: it is put aside rather than written over. */
async function keepDamaged(file: string, { text, state }: Loaded): Promise<void> {
  if (text !== undefined && !state) await rename(file, `${file}.damaged`);
}
