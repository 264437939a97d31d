import type { SourcedModel, SourcedRun } from '../../sources/run-source.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** The run that keeps an id, for each id that several runs of the store claim. */
export type IdHolders = ReadonlyMap<string, SourcedRun>;

/**
 * Decides who keeps an id that several runs claim, in whatever folder, model or source: the one that had it (first of all
 * if it serves), else the one that served when the last process ended, else the first. A copy of a run's folder never
 * pushes the run aside.
 *
 * @param present     what is registered now.
 * @param lastPlaces  where the runs that served last were found, as `ServedRecord.place`; asked only when needed.
 */
export async function decideIdHolders(
  listed: readonly SourcedModel[],
  present: readonly RegisteredModel[],
  lastPlaces: () => Promise<ReadonlySet<string>>,
): Promise<IdHolders> {
  const contested = contestedIds(listed);
  if (contested.size === 0) return new Map();
  const presentPlaces = placesById(present);
  const served = await lastPlaces();
  const holders = new Map<string, SourcedRun>();
  for (const [id, claimants] of contested) {
    const places = presentPlaces.get(id) ?? [];
    const had = places.map((place) => claimants.find((claimant) => claimant.place === place));
    holders.set(
      id,
      had.find((claimant) => claimant !== undefined) ??
        claimants.find(({ place }) => served.has(place)) ??
        claimants[0]!,
    );
  }
  return holders;
}

function contestedIds(listed: readonly SourcedModel[]): Map<string, SourcedRun[]> {
  const claimants = new Map<string, SourcedRun[]>();
  for (const sourced of listed.flatMap(({ runs }) => runs)) {
    const id = sourced.run?.run_id;
    if (id === undefined) continue;
    const known = claimants.get(id);
    if (known) known.push(sourced);
    else claimants.set(id, [sourced]);
  }
  return new Map([...claimants].filter(([, runs]) => runs.length > 1));
}

/** Places that hold an id now: those of runs that serve before those that are only registered. */
function placesById(models: readonly RegisteredModel[]): Map<string, string[]> {
  const places = new Map<string, string[]>();
  const note = (id: string, place: string) => places.set(id, [...(places.get(id) ?? []), place]);
  for (const { best } of models) if (best) note(best.served.run.run_id, best.registered.sourced.place);
  for (const { runs } of models) for (const { run, sourced } of runs) note(run.run_id, sourced.place);
  return places;
}
