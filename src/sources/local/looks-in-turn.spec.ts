import { LooksInTurn, sortByUrgency } from './looks-in-turn.js';
import type { Urgency } from './looks-in-turn.js';

describe(LooksInTurn.name, () => {
  const places = Array.from({ length: 100 }, (_, i) => i);
  const urgencyOf = (place: number): Urgency => (place < 3 ? 'now' : place < 50 ? 'soon' : 'sometime');

  it('looks each time at what cannot wait, and at as much of the rest as fits', () => {
    const looks = new LooksInTurn(10);

    for (let i = 0; i < 20; i++) {
      const chosen = looks.choose(sortByUrgency(places, urgencyOf));
      expect(chosen.slice(0, 3)).toEqual([0, 1, 2]);
      expect(new Set(chosen).size).toBe(13);
    }
  });

  it('comes round to everything, however many are more urgent', () => {
    const looks = new LooksInTurn(10);
    const seen = new Set(Array.from({ length: 10 }, () => looks.choose(sortByUrgency(places, urgencyOf))).flat());

    expect(seen.size).toBe(100);
  });

  it('gives the places of what is not urgent to the rest', () => {
    const looks = new LooksInTurn(10);
    const isRest = (place: number): Urgency => (place < 2 ? 'soon' : 'sometime');

    expect(new Set(Array.from({ length: 13 }, () => looks.choose(sortByUrgency(places, isRest))).flat()).size).toBe(
      100,
    );
  });

  it('looks at all that is new, however much it is', () => {
    expect(new LooksInTurn(10).choose(sortByUrgency(places, () => 'now'))).toEqual(places);
  });
});
