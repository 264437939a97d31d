import type { SourceModel, SourceRun } from '../../sources/run-source.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** The run that keeps an id, for each id that several runs of the store claim. */
export type IdHolders = ReadonlyMap<string, SourceRun>;

/**
 * Resolves ids that several runs claim, in any folder, model or source: the run that had the id keeps it (the served
 * one first), else the one that served when the last process ended, else the first. A copied run folder never replaces
 * the original.
 *
 * @param present  registered models.
 * @param lastLocations  last known locations of the runs that served, as `ServedRecord.place`; called only when
 *   needed.
 */
export async function resolveDuplicateRunIds(
  listing: readonly SourceModel[],
  present: readonly RegisteredModel[],
  lastLocations: () => Promise<ReadonlySet<string>>,
): Promise<IdHolders> {
  const conflicts = findDuplicateIds(listing);
  if (conflicts.size === 0) return new Map();
  const currentLocations = locationsById(present);
  const served = await lastLocations();
  const holders = new Map<string, SourceRun>();
  for (const [id, candidates] of conflicts) {
    const locations = currentLocations.get(id) ?? [];
    const previous = locations.map((location) => candidates.find((candidate) => candidate.location === location));
    holders.set(
      id,
      previous.find((candidate) => candidate !== undefined) ??
        candidates.find(({ location }) => served.has(location)) ??
        candidates[0]!,
    );
  }
  return holders;
}

function findDuplicateIds(listing: readonly SourceModel[]): Map<string, SourceRun[]> {
  const candidates = new Map<string, SourceRun[]>();
  for (const sourceRun of listing.flatMap(({ runs }) => runs)) {
    const id = sourceRun.run?.run_id;
    if (id === undefined) continue;
    const known = candidates.get(id);
    if (known) known.push(sourceRun);
    else candidates.set(id, [sourceRun]);
  }
  return new Map([...candidates].filter(([, runs]) => runs.length > 1));
}

/** Current locations of each id: those of served runs before those that are only registered. */
function locationsById(models: readonly RegisteredModel[]): Map<string, string[]> {
  const locations = new Map<string, string[]>();
  const add = (id: string, location: string) => locations.set(id, [...(locations.get(id) ?? []), location]);
  for (const { best } of models) if (best) add(best.loaded.run.run_id, best.registered.sourceRun.location);
  for (const { runs } of models) for (const { run, sourceRun } of runs) add(run.run_id, sourceRun.location);
  return locations;
}
