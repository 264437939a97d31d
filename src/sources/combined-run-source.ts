import { RunSource } from './run-source.js';
import type { SourcedModel, StoreReading } from './run-source.js';

/**
 * Several sources as one. A model that more than one of them names is one model: the first source with a usable card
 * for it decides its card, and the runs of all compete. So a folder may hold nothing but a card, and MLflow the runs.
 *
 * A source that cannot be read costs only its own models; one that was read before gives what it gave then, because a
 * store that is away for a while is no reason to serve its models no more.
 */
export class CombinedRunSource extends RunSource {
  private failures: readonly string[] = [];
  private readonly last = new Map<RunSource, readonly SourcedModel[]>();

  /** @param sources  in order of precedence. */
  constructor(private readonly sources: readonly RunSource[]) {
    super();
  }

  get description(): string {
    return this.sources.map(({ description }) => description).join(' and ');
  }

  get readings(): readonly StoreReading[] {
    return this.sources.flatMap(({ readings }) => readings);
  }

  override get notices(): readonly string[] {
    return [...this.failures, ...this.sources.flatMap(({ notices }) => notices)];
  }

  async listModels(): Promise<SourcedModel[]> {
    const results = await Promise.allSettled(this.sources.map((source) => source.listModels()));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    if (errors.length === results.length) {
      throw new Error(errors.map(({ message }) => message).join('\n'), { cause: errors[0] });
    }
    this.failures = errors.map(({ message }) => message);
    const listed = results.map((result, i) => {
      const source = this.sources[i]!;
      if (result.status === 'fulfilled') this.last.set(source, result.value);
      return this.last.get(source) ?? [];
    });
    return joinByName(listed.flat());
  }

  override watch(onHint: () => void): () => void {
    const ends = this.sources.map((source) => source.watch(onHint));
    return () => ends.forEach((end) => end());
  }

  override close(): void {
    for (const source of this.sources) source.close();
  }
}

function joinByName(models: readonly SourcedModel[]): SourcedModel[] {
  const byName = new Map<string, SourcedModel[]>();
  for (const model of models) {
    const name = model.card?.name ?? model.place;
    byName.set(name, [...(byName.get(name) ?? []), model]);
  }
  return [...byName.values()].map((same) => {
    if (same.length === 1) return same[0]!;
    const first = same.find(({ card }) => card) ?? same[0]!;
    return { ...first, runs: same.flatMap(({ runs }) => runs) };
  });
}
