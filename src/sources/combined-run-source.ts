import { RunSource } from './run-source.js';
import type { GetExaminationHints, SourceModel, SourceStatus } from './run-source.js';
import { LastKnownListing } from './last-known-listing.js';

/** How long a source may take longer than another one before the listing goes on without it, milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Several sources as one. A model that more than one of them names is one model: the first source with a usable card
 * for it decides its card, and the runs of all compete. So a folder may hold nothing but a card, and MLflow the runs.
 * When the card that decided cannot be used any more, the model has none: another source's card is another policy, and
 * a half-written file no reason to take it.
 *
 * A source that cannot be read costs only its own models; one that was read before gives what it gave then, because a
 * store that is away for a while is no reason to serve its models no more. So does one that holds nothing any more, and
 * one that keeps the others waiting.
 */
export class CombinedRunSource extends RunSource {
  private readonly listings: readonly LastKnownListing[];
  private said: readonly string[] = [];
  /** By the name of a model, the source whose card decided. */
  private deciders: ReadonlyMap<string, LastKnownListing> = new Map();

  /**
   * @param sources  in order of precedence.
   * @param patienceMs  how long the others wait for one.
   */
  constructor(
    private readonly sources: readonly RunSource[],
    private readonly patienceMs = PATIENCE_MS,
  ) {
    super();
    this.listings = sources.map((source) => new LastKnownListing(source));
  }

  get description(): string {
    return this.sources.map(({ description }) => description).join(' and ');
  }

  get statuses(): readonly SourceStatus[] {
    return this.sources.flatMap(({ statuses }) => statuses);
  }

  override get warnings(): readonly string[] {
    return this.said;
  }

  async listModels(): Promise<SourceModel[]> {
    const answers = this.listings.map((listing) => listing.renew());
    const everyone = Promise.all(answers);
    const isFirst = this.listings.every(({ models }) => models === undefined);
    if (isFirst) await everyone;
    else await Promise.race([everyone, this.waitAfterFirst(answers)]);
    const failures = this.listings.flatMap(({ failure }) => failure ?? []);
    if (failures.length === this.listings.length) {
      throw new Error(failures.map(({ message }) => message).join('\n'), { cause: failures[0] });
    }
    this.said = this.listings.flatMap(({ warnings }) => warnings);
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

  private async waitAfterFirst(answers: readonly Promise<void>[]): Promise<void> {
    await Promise.race(answers);
    await new Promise((resolve) => setTimeout(resolve, this.patienceMs).unref());
  }

  private join(): SourceModel[] {
    const byName = new Map<string, Found[]>();
    for (const from of this.listings) {
      for (const model of from.models ?? []) {
        const name = model.card?.name ?? model.location;
        byName.set(name, [...(byName.get(name) ?? []), { model, from }]);
      }
    }
    const joined = [...byName].map(([name, found]) => ({ name, found, ...this.decide(name, found) }));
    this.deciders = new Map(joined.flatMap(({ name, decider }) => (decider ? [[name, decider.from] as const] : [])));
    return joined.map(({ found, shown }) =>
      found.length === 1 ? shown.model : { ...shown.model, runs: found.flatMap(({ model }) => model.runs) },
    );
  }

  /** Whose card counts, now and at the next listing, and whose words on the card are told. */
  private decide(name: string, found: readonly Found[]): { decider: Found | undefined; shown: Found } {
    const last = found.find(({ from }) => from === this.deciders.get(name));
    const usable = found.find(({ model }) => model.card);
    const isLost = last && !last.model.card && (!usable || found.indexOf(last) < found.indexOf(usable));
    const decider = isLost ? last : usable;
    return { decider, shown: decider ?? found[0]! };
  }
}

/** A model as one of the sources gives it. */
interface Found {
  readonly model: SourceModel;
  readonly from: LastKnownListing;
}
