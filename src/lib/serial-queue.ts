/** Lets one thing happen at a time, in the order of the calls. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything that was asked for before has ended, well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const task = this.last.then(work);
    this.last = task.catch(() => undefined);
    return task;
  }
}
