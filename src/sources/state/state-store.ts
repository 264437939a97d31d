import type { ModelState } from '../../domain/model-state.js';

/**
 * Stores the state of models across processes: the port beside `RunSource`. Neither method fails: where nothing can be
 * written, the state is kept in memory, and the log says so once.
 */
export abstract class StateStore {
  /**
   * Why states are kept in memory only, or are not read anew, a sentence that is safe to publish; undefined when all is
   * well.
   */
  get problem(): string | undefined {
    return undefined;
  }

  /** The present state of a model, whichever process wrote it. */
  abstract read(model: string): Promise<ModelState>;

  /**
   * The same for readers who ask often: from memory as long as nothing says that another process has written it. Decisions
   * are made on `read`.
   */
  readCached(model: string): Promise<ModelState> {
    return this.read(model);
  }

  /**
   * Changes the state of a model. Changes of several processes come one after the other, and none is lost.
   *
   * @param change  from what is known at that moment to what is known afterwards; must not depend on anything else, as it
   *   may be called again. The same object back means that nothing is written.
   * @returns the state afterwards.
   */
  abstract update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState>;
}
