import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { publishText } from './published-document.js';

describe(publishText.name, () => {
  it.each([0, 1])('keeps every character, wherever a long text is cut (%d units before)', async (before) => {
    const text = 'x'.repeat(before) + '😀é'.repeat(300_000);
    const { encoded } = await publishText(text);

    expect(brotliDecompressSync(encoded.br).toString() === text).toBe(true);
    expect(gunzipSync(encoded.gzip).toString() === text).toBe(true);
  });

  it('has the digest of the text as its ETag', async () => {
    const [one, same, other] = [await publishText('a'), await publishText('a'), await publishText('b')];

    expect([one.etag, one.etag === other.etag]).toEqual([same.etag, false]);
  });
});
