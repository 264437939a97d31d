import type { Reservation } from './memory-budget.js';

/** What the models in one thread have reserved. */
export class HeldMemory {
  private readonly byModel = new Map<number, Reservation>();

  /** @param model  the pool's key of it. */
  hold(model: number, reservation: Reservation): void {
    this.byModel.set(model, reservation);
  }

  /** Gives back what a model has reserved: it is no longer in the thread. */
  release(model: number): void {
    this.byModel.get(model)?.release();
    this.byModel.delete(model);
  }

  /** Gives back everything: the thread is gone. */
  releaseAll(): void {
    for (const model of [...this.byModel.keys()]) this.release(model);
  }
}
