import type { Logger } from '@nestjs/common';

/** Thrown when a store that had models has none: more likely an accident than an intention to serve nothing. */
export class EmptyStoreError extends Error {
  constructor() {
    super('it holds no models any more. If that is meant, start the server again.');
  }
}

/** Logs why the store cannot be read: a line for each cause, until it can be read again. */
export class StoreFailures {
  private logged: string | undefined;

  constructor(private readonly logger: Logger) {}

  log(error: Error): void {
    const { message } = error;
    if (message === this.logged) return;
    this.logged = message;
    const details = error instanceof EmptyStoreError ? [] : [error.cause ?? error];
    this.logger.error(`The store cannot be read; the served runs do not change: ${message}`, ...details);
  }

  /** The store could be read: whatever comes next is told. */
  end(): void {
    this.logged = undefined;
  }
}
