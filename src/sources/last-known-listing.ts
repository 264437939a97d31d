import type { RunSource, SourceModel } from './run-source.js';

/** Last known listing of one source of several. The source is never polled while it has not answered yet. */
export class LastKnownListing {
  /** Undefined until it could be read once. */
  models: readonly SourceModel[] | undefined;
  /** Why it could not be read the last time. */
  failure: Error | undefined;
  private isEmptyNow = false;
  private pending: Promise<void> | undefined;

  constructor(private readonly source: RunSource) {}

  /** Warnings about `models`, one sentence each. */
  get warnings(): readonly string[] {
    if (this.pending) return [`${this.source.description} has not answered yet. ${this.fallbackText}`];
    if (this.failure) return [this.failure.message];
    if (this.isEmptyNow) return [`There are no longer any models in ${this.source.description}. ${this.fallbackText}`];
    return this.source.warnings;
  }

  /** Polls the source, unless a poll is running. Resolves when it has answered; never rejects. */
  poll(): Promise<void> {
    this.pending ??= this.fetch().finally(() => (this.pending = undefined));
    return this.pending;
  }

  private get fallbackText(): string {
    return this.models ? 'Its last known listing is served.' : 'It was never read: it counts as empty.';
  }

  private async fetch(): Promise<void> {
    try {
      const listing = await this.source.listModels();
      // A volume that is no longer mounted leaves an empty folder.
      this.isEmptyNow = listing.length === 0 && (this.models?.length ?? 0) > 0;
      if (!this.isEmptyNow) this.models = listing;
      this.failure = undefined;
    } catch (error) {
      this.failure = error as Error;
    }
  }
}
