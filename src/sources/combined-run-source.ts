import { RunSource } from './run-source.js';
import type { GetExaminationHints, SourceModel, SourceStatus } from './run-source.js';
import { LastKnownListing } from './last-known-listing.js';

/** How long the listing waits for a slow source after the first one has answered, milliseconds. */
const TIMEOUT_MS = 5_000;

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
  private lastWarnings: readonly string[] = [];
  /** By the name of a model, the source whose card decided. */
  private cardSources: ReadonlyMap<string, LastKnownListing> = new Map();

  /**
   * @param sources  in order of precedence.
   * @param timeoutMs  how long the others wait for one.
   */
  constructor(
    private readonly sources: readonly RunSource[],
    private readonly timeoutMs = TIMEOUT_MS,
  ) {
    super();
    this.lastKnown = sources.map((source) => new LastKnownListing(source));
  }

  get description(): string {
    return this.sources.map(({ description }) => description).join(' and ');
  }

  get statuses(): readonly SourceStatus[] {
    return this.sources.flatMap(({ statuses }) => statuses);
  }

  override get warnings(): readonly string[] {
    return this.lastWarnings;
  }

  async listModels(): Promise<SourceModel[]> {
    const polls = this.lastKnown.map((listing) => listing.poll());
    const all = Promise.all(polls);
    const isFirst = this.lastKnown.every(({ models }) => models === undefined);
    if (isFirst) await all;
    else await Promise.race([all, this.waitAfterFirst(polls)]);
    const failures = this.lastKnown.flatMap(({ failure }) => failure ?? []);
    if (failures.length === this.lastKnown.length) {
      throw new Error(failures.map(({ message }) => message).join('\n'), { cause: failures[0] });
    }
    this.lastWarnings = this.lastKnown.flatMap(({ warnings }) => warnings);
    return this.join();
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

  private async waitAfterFirst(polls: readonly Promise<void>[]): Promise<void> {
    await Promise.race(polls);
    await new Promise((resolve) => setTimeout(resolve, this.timeoutMs).unref());
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
    const usable = found.find(({ model }) => model.card);
    const isLost = last && !last.model.card && (!usable || found.indexOf(last) < found.indexOf(usable));
    const decider = isLost ? last : usable;
    return { decider, visible: decider ?? found[0]! };
  }
}

/** A model as one of the sources gives it. */
interface Found {
  readonly model: SourceModel;
  readonly from: LastKnownListing;
}
