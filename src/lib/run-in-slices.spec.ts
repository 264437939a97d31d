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
    let isOver = false;
    let othersRan = false;
    setImmediate(() => (othersRan = !isOver));

    await runInSlices(
      (function* () {
        const endMs = performance.now() + 30;
        while (performance.now() < endMs) yield;
        isOver = true;
      })(),
    );

    expect(othersRan).toBe(true);
  });

  it('throws what the work throws', async () => {
    const work = (function* (): Generator<void, void> {
      yield;
      throw new Error('no');
    })();

    await expect(runInSlices(work)).rejects.toThrow('no');
  });
});
