import { SerialQueue } from '../../lib/serial-queue.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** A reconciliation that others may join until it begins. */
interface Request {
  isManual: boolean;
  done: Promise<void>;
}

/**
 * Work on one model (reconciling it, a person's decision), one after the other, so that neither a hanging store nor
 * another model delays it.
 */
export class ModelQueues {
  private readonly queues = new WeakMap<RegisteredModel, SerialQueue>();
  /** By model, the reconciliation that has not begun yet. */
  private readonly waiting = new Map<RegisteredModel, Request>();

  /** @param reconcileNow  brings a model to the run that should serve it; `isManual` when a person waits. */
  constructor(private readonly reconcileNow: (model: RegisteredModel, isManual: boolean) => Promise<void>) {}

  /** Runs `work` while nothing else changes the run that serves the model. */
  run<T>(model: RegisteredModel, work: () => Promise<T>): Promise<T> {
    const queue = this.queues.get(model) ?? new SerialQueue();
    this.queues.set(model, queue);
    return queue.run(work);
  }

  /** Resolves when nothing is under way for any of the models. */
  async idle(models: readonly RegisteredModel[]): Promise<void> {
    await Promise.all(models.map((model) => this.run(model, () => Promise.resolve())));
  }

  /** Reconciles a model once more after what is under way; whoever asks meanwhile shares it. */
  reconcile(model: RegisteredModel, isManual: boolean): Promise<void> {
    const waiting = this.waiting.get(model);
    if (waiting) {
      waiting.isManual ||= isManual;
      return waiting.done;
    }
    const request: Request = { isManual, done: Promise.resolve() };
    this.waiting.set(model, request);
    request.done = this.run(model, () => {
      this.waiting.delete(model);
      return this.reconcileNow(model, request.isManual);
    });
    return request.done;
  }
}
