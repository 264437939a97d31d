import { KnownHeads } from './known-heads.js';
import type { CachedHead } from './raw-connection.js';

describe(KnownHeads.name, () => {
  const head = () => ({}) as CachedHead;

  it('finds a head by its peer and text', () => {
    const heads = new KnownHeads();
    const [one, other] = [head(), head()];
    heads.keep('192.0.2.1', 'GET / …', one);
    heads.keep('192.0.2.2', 'GET / …', other);

    expect(heads.find('192.0.2.1', 'GET / …')).toBe(one);
    expect(heads.find('192.0.2.2', 'GET / …')).toBe(other);
    expect(heads.find('192.0.2.1', 'PUT / …')).toBeUndefined();
    expect(heads.find('192.0.2.3', 'GET / …')).toBeUndefined();
  });

  it('keeps a bounded number of heads, however many peers there are', () => {
    const heads = new KnownHeads();
    const texts = Array.from({ length: 5_000 }, (_, i) => `GET /${i}`);
    for (const text of texts) heads.keep(`peer of ${text}`, text, head());

    expect(texts.filter((text) => heads.find(`peer of ${text}`, text)).length).toBeLessThanOrEqual(500);
    expect(heads.find('peer of GET /4999', 'GET /4999')).toBeDefined();
  });
});
