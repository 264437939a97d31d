import type { ModelState } from '../../domain/model-state.js';

/**
 * Where the state of models outlives a process: the port beside `RunSource`. Neither method fails: where nothing can be
 * kept, the state lives in this process alone, and the log says so once.
 */
export abstract class StateStore {
  /** What is known of a model now, whoever wrote it. */
  abstract read(model: string): Promise<ModelState>;

  /**
   * Changes the state of a model. Changes of several processes come one after the other, and none is lost.
   *
   * @param change  from what is known at that moment to what is known afterwards; must not depend on anything else, as it
   *   may be called again. The same object back means that nothing is written.
   * @returns the state afterwards.
   */
  abstract update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState>;
}
