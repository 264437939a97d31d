import type { ModelState } from '../../domain/model-state.js';
import { StateStore } from './state-store.js';

/** Reads states from another store and never writes changes: for a dry run. */
export class DryRunStateStore extends StateStore {
  private readonly draftByModel = new Map<string, ModelState>();

  /** @param original  is only read. */
  constructor(private readonly original: StateStore) {
    super();
  }

  async read(model: string): Promise<ModelState> {
    return this.draftByModel.get(model) ?? this.original.read(model);
  }

  async update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    const after = change(await this.read(model));
    this.draftByModel.set(model, after);
    return after;
  }
}
