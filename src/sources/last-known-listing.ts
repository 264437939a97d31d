import type { RunSource, SourceModel } from './run-source.js';

/** What one source of several was last known to hold. It is never asked while it has not answered yet. */
export class LastKnownListing {
  /** Undefined until it could be read once. */
  models: readonly SourceModel[] | undefined;
  /** Why it could not be read the last time. */
  failure: Error | undefined;
  private isEmptyNow = false;
  private pending: Promise<void> | undefined;

  constructor(private readonly source: RunSource) {}

  /** What people should know of `models`, one sentence each. */
  get warnings(): readonly string[] {
    if (this.pending) return [`${this.source.description} has not answered yet. ${this.fallbackText}`];
    if (this.failure) return [this.failure.message];
    if (this.isEmptyNow) return [`There are no models any more in ${this.source.description}. ${this.fallbackText}`];
    return this.source.warnings;
  }

  /** Asks the source, unless it is being asked. Ends when it has answered; never fails. */
  poll(): Promise<void> {
    this.pending ??= this.fetch().finally(() => (this.pending = undefined));
    return this.pending;
  }

  private get fallbackText(): string {
    return this.models ? 'What it held when it was last read is served.' : 'It was never read: it counts as empty.';
  }

  private async fetch(): Promise<void> {
    try {
      const listing = await this.source.listModels();
      // An empty folder is what a volume leaves behind that is not mounted any more.
      this.isEmptyNow = listing.length === 0 && (this.models?.length ?? 0) > 0;
      if (!this.isEmptyNow) this.models = listing;
      this.failure = undefined;
    } catch (error) {
      this.failure = error as Error;
    }
  }
}
