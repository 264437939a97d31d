import { CollectedBytes } from './collected-bytes.js';

describe(CollectedBytes.name, () => {
  it.each([
    ['of one byte', 1, 3_000],
    ['of a kilobyte', 1_000, 700],
    ['of many sizes', 0, 100],
    ['that are large', 20_000, 5],
  ])('gives chunks %s back as one', (_name, size, count) => {
    const chunks = Array.from({ length: count }, (_, i) => Buffer.alloc(size || (i * 977) % 40_000, i));
    const collected = new CollectedBytes();

    for (const chunk of chunks) collected.add(chunk);

    expect(collected.length).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    expect(collected.take().equals(Buffer.concat(chunks))).toBe(true);
    expect(collected.length).toBe(0);
    expect(collected.take()).toHaveLength(0);
  });

  it('takes little more memory than the bytes, however small the chunks are', () => {
    const chunk = Buffer.from('x');
    const before = process.memoryUsage();
    const collected = new CollectedBytes();

    for (let i = 0; i < 2_000_000; i++) collected.add(chunk);

    const after = process.memoryUsage();
    const grown = after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed;
    expect(collected.length).toBe(2_000_000);
    expect(grown).toBeLessThan(20_000_000);
  });
});
