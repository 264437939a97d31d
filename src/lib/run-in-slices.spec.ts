import { runInSlices } from './run-in-slices.js';

describe('work in slices', () => {
  it('gives what the work returns', async () => {
    const done = await runInSlices(
      (function* () {
        yield;
        return 'done';
      })(),
    );

    expect(done).toBe('done');
  });

  it('lets others run while it takes long', async () => {
    let othersRan = false;
    setImmediate(() => (othersRan = true));
    // Work that blocks has an end, so that the test fails instead of hanging.
    const endMs = performance.now() + 20_000;

    const ranInBetween = await runInSlices(
      (function* () {
        while (!othersRan && performance.now() < endMs) yield;
        return othersRan;
      })(),
    );

    expect(ranInBetween).toBe(true);
  });

  it('throws what the work throws', async () => {
    const work = (function* (): Generator<void, void> {
      yield;
      throw new Error('no');
    })();

    await expect(runInSlices(work)).rejects.toThrow('no');
  });
});
