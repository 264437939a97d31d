/** How soon a folder has to be looked at. */
export type Urgency = 'now' | 'soon' | 'sometime';

/** Folders by how soon they have to be looked at. */
export type ByUrgency<Place> = Readonly<Record<Urgency, readonly Place[]>>;

/** Sorts folders by how soon they have to be looked at. */
export function sortByUrgency<Place>(places: readonly Place[], urgencyOf: (place: Place) => Urgency): ByUrgency<Place> {
  const found: Record<Urgency, Place[]> = { now: [], soon: [], sometime: [] };
  for (const place of places) found[urgencyOf(place)].push(place);
  return found;
}

/**
 * Chooses the folders of a large store that one listing looks at, so that its cost does not grow with the store: those
 * that cannot wait, and of the others as many as fit, in turn.
 */
export class LooksInTurn {
  private nextSoon = 0;
  private nextRest = 0;

  /** @param maxLooks  most folders beside those that cannot wait. */
  constructor(readonly maxLooks: number) {}

  choose<Place>(found: ByUrgency<Place>): readonly Place[] {
    const soon = turn(found.soon, this.nextSoon, this.maxLooks / 2);
    const rest = turn(found.sometime, this.nextRest, this.maxLooks - soon.length);
    this.nextSoon += soon.length;
    this.nextRest += rest.length;
    return [...found.now, ...soon, ...rest];
  }
}

/** So many of a list, beginning anywhere; from its end it goes on at its beginning. */
function turn<Item>(items: readonly Item[], start: number, count: number): Item[] {
  if (items.length <= count) return [...items];
  const first = start % items.length;
  const taken = items.slice(first, first + count);
  return [...taken, ...items.slice(0, count - taken.length)];
}
