import type { ListingOptions, RunSource, SourceModel, SourceStatus } from './run-source.js';

/** Last known listing of one source of several. The source is never polled while it has not answered yet. */
export class LastKnownListing {
  /** Undefined until it could be read once. */
  models: readonly SourceModel[] | undefined;
  /** Why it could not be read the last time. */
  failure: Error | undefined;
  private isEmptyNow = false;
  private pending: Promise<void> | undefined;
  private pendingSinceMs = 0;

  /** @param maxAnswerMs  after which it counts as away, milliseconds. */
  constructor(
    private readonly source: RunSource,
    private readonly maxAnswerMs: number,
  ) {}

  /** As the source says, unless it has been asked for too long. */
  get statuses(): readonly SourceStatus[] {
    const { statuses } = this.source;
    const elapsedMs = performance.now() - this.pendingSinceMs;
    if (!this.pending || elapsedMs < this.maxAnswerMs) return statuses;
    const problem = `It has not answered for ${Math.round(elapsedMs / 1000)} s.`;
    return statuses.map((status) => ({ ...status, problem: status.problem ?? problem }));
  }

  /** Warnings about `models`, one sentence each. */
  get warnings(): readonly string[] {
    if (this.pending) return [`${this.source.description} has not answered yet. ${this.fallbackText}`];
    if (this.failure) return [this.failure.message];
    if (this.isEmptyNow) return [`There are no longer any models in ${this.source.description}. ${this.fallbackText}`];
    return this.source.warnings;
  }

  /** Polls the source, unless a poll is running. Resolves when it has answered; never rejects. */
  poll(options?: ListingOptions): Promise<void> {
    if (!this.pending) {
      this.pendingSinceMs = performance.now();
      this.pending = this.fetch(options).finally(() => (this.pending = undefined));
    }
    return this.pending;
  }

  private get fallbackText(): string {
    return this.models ? 'Its last known listing is served.' : 'It was never read: it counts as empty.';
  }

  private async fetch(options?: ListingOptions): Promise<void> {
    try {
      const listing = await this.source.listModels(options);
      // A volume that is no longer mounted leaves an empty folder.
      this.isEmptyNow = listing.length === 0 && (this.models?.length ?? 0) > 0;
      if (!this.isEmptyNow) this.models = listing;
      this.failure = undefined;
    } catch (error) {
      this.failure = error as Error;
    }
  }
}
