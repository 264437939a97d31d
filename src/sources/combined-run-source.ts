import { waitAtMost } from '../lib/wait-at-most.js';
import { RunSource } from './run-source.js';
import type { GetExaminationHints, ListingOptions, RunCheck, SourceModel, SourceStatus } from './run-source.js';
import { LastKnownListing } from './last-known-listing.js';

/** How long the sources may take, milliseconds. */
interface CombinedOptions {
  /** The others, after the first one has answered. */
  readonly timeoutMs?: number;
  /** The others at the first listing. */
  readonly firstTimeoutMs?: number;
  /** All of them, when none answers. */
  readonly maxAnswerMs?: number;
}

/**
 * Several sources as one. A model that several of them name is one model: the first source with a usable card decides
 * its card, and the runs of all compete. So a folder may hold only a card, and MLflow the runs. When the deciding card
 * can no longer be used, the model has none: another source's card is another policy.
 *
 * A source that cannot be read costs only its own models; one that was read before is represented by its last known
 * listing, as a temporary outage is no reason to stop serving. The same holds for one that is suddenly empty, and for
 * one that delays the others.
 */
export class CombinedRunSource extends RunSource {
  private readonly lastKnown: readonly LastKnownListing[];
  private readonly timeoutMs: number;
  private readonly firstTimeoutMs: number;
  private readonly maxAnswerMs: number;
  private lastWarnings: readonly string[] = [];
  /** By the name of a model, the source whose card decided. */
  private cardSources: ReadonlyMap<string, LastKnownListing> = new Map();

  /** @param sources  in order of precedence. */
  constructor(
    private readonly sources: readonly RunSource[],
    { timeoutMs = 5_000, firstTimeoutMs = Infinity, maxAnswerMs = 60_000 }: CombinedOptions = {},
  ) {
    super();
    this.timeoutMs = timeoutMs;
    this.firstTimeoutMs = firstTimeoutMs;
    this.maxAnswerMs = maxAnswerMs;
    this.lastKnown = sources.map((source) => new LastKnownListing(source, maxAnswerMs));
  }

  get description(): string {
    return this.sources.map(({ description }) => description).join(' and ');
  }

  get statuses(): readonly SourceStatus[] {
    return this.lastKnown.flatMap(({ statuses }) => statuses);
  }

  override get warnings(): readonly string[] {
    return this.lastWarnings;
  }

  async listModels(options?: ListingOptions): Promise<SourceModel[]> {
    const isFirst = this.lastKnown.every(({ models }) => models === undefined);
    const polls = this.lastKnown.map((listing) => listing.poll(options));
    const isAnswered = await waitAtMost(Promise.race(polls), isFirst ? Infinity : this.maxAnswerMs);
    if (isAnswered) await waitAtMost(Promise.all(polls), isFirst ? this.firstTimeoutMs : this.timeoutMs);
    const failures = this.lastKnown.flatMap(({ failure }) => failure ?? []);
    if (failures.length === this.lastKnown.length) {
      throw new Error(failures.map(({ message }) => message).join('\n'), { cause: failures[0] });
    }
    this.lastWarnings = this.lastKnown.flatMap(({ warnings }) => warnings);
    return this.join();
  }

  override get checks(): readonly RunCheck[] {
    return this.sources.flatMap(({ checks }) => checks);
  }

  override nextChecked(): Promise<void> {
    const running = this.sources.filter(({ checks }) => checks.length > 0);
    return running.length === 0 ? Promise.resolve() : Promise.race(running.map((source) => source.nextChecked()));
  }

  override useExaminationHints(getHints: GetExaminationHints): void {
    for (const source of this.sources) source.useExaminationHints(getHints);
  }

  override watch(onHint: () => void): () => void {
    const ends = this.sources.map((source) => source.watch(onHint));
    return () => ends.forEach((end) => end());
  }

  override close(): void {
    for (const source of this.sources) source.close();
  }

  private join(): SourceModel[] {
    const byName = new Map<string, Found[]>();
    for (const from of this.lastKnown) {
      for (const model of from.models ?? []) {
        const name = model.card?.name ?? model.location;
        byName.set(name, [...(byName.get(name) ?? []), { model, from }]);
      }
    }
    const joined = [...byName].map(([name, found]) => ({ name, found, ...this.selectCard(name, found) }));
    this.cardSources = new Map(joined.flatMap(({ name, decider }) => (decider ? [[name, decider.from] as const] : [])));
    return joined.map(({ found, visible }) =>
      found.length === 1 ? visible.model : { ...visible.model, runs: found.flatMap(({ model }) => model.runs) },
    );
  }

  /** Selects the card that counts, now and at the next listing, and the model whose issues are shown. */
  private selectCard(name: string, found: readonly Found[]): { decider: Found | undefined; visible: Found } {
    const last = found.find(({ from }) => from === this.cardSources.get(name));
    const active = found.find(({ model }) => model.card);
    const isLost = last && !last.model.card && (!active || found.indexOf(last) < found.indexOf(active));
    const decider = isLost ? last : active;
    return { decider, visible: decider ?? found[0]! };
  }
}

/** A model as one of the sources gives it. */
interface Found {
  readonly model: SourceModel;
  readonly from: LastKnownListing;
}
