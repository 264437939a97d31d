import { pageLinks } from './page-links.js';

const offsetsIn = (header: string | undefined) =>
  Object.fromEntries(
    [...(header ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)].map(([, url, rel]) => [
      rel,
      Number(new URL(url!).searchParams.get('offset')),
    ]),
  );

describe('pageLinks', () => {
  it.each([
    [
      { limit: 2, offset: 0, total: 5 },
      { first: 0, next: 2, last: 4 },
    ],
    [
      { limit: 2, offset: 2, total: 5 },
      { first: 0, prev: 0, next: 4, last: 4 },
    ],
    [
      { limit: 2, offset: 4, total: 5 },
      { first: 0, prev: 2, last: 4 },
    ],
    [
      { limit: 2, offset: 3, total: 5 },
      { first: 0, prev: 1, last: 4 },
    ],
    [
      { limit: 2, offset: 1, total: 4 },
      { first: 0, prev: 0, next: 3, last: 2 },
    ],
    [
      { limit: 5, offset: 0, total: 5 },
      { first: 0, last: 0 },
    ],
    [
      { limit: 5, offset: 0, total: 0 },
      { first: 0, last: 0 },
    ],
    [
      { limit: 2, offset: 900, total: 5 },
      { first: 0, prev: 4, last: 4 },
    ],
  ])('of %j leads to %j', (page, offsets) => {
    expect(offsetsIn(pageLinks('http://x/runs', page))).toEqual(offsets);
  });

  it('keeps the other parameters and replaces its own', () => {
    expect(pageLinks('http://x/runs?sort=-f&limit=1&offset=9', { limit: 1, offset: 0, total: 1 })).toBe(
      '<http://x/runs?sort=-f&limit=1&offset=0>; rel="first", <http://x/runs?sort=-f&limit=1&offset=0>; rel="last"',
    );
  });

  it('is nothing for an empty page size', () => {
    expect(pageLinks('http://x/', { limit: 0, offset: 0, total: 5 })).toBeUndefined();
  });
});
