import { countValues } from './count-values.js';

describe(countValues.name, () => {
  it.each([
    [1, null],
    [1, 'text'],
    [3, [1, 2]],
    [5, { a: { b: [null] }, c: false }],
  ])('counts %d in %j', (count, document) => {
    expect(countValues(document, 100)).toBe(count);
  });

  it('stops above its limit', () => {
    const wide = new Proxy(
      Array.from({ length: 1_000_000 }, () => 0),
      {
        ownKeys() {
          throw new Error('nobody needs them all');
        },
      },
    );

    expect(countValues([wide], 1_000)).toBeGreaterThan(1_000);
  });
});
