/** Runs asynchronous work one at a time, in the order of the calls. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all earlier work has ended, with or without an error. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const task = this.last.then(work);
    this.last = task.catch(() => undefined);
    return task;
  }
}
