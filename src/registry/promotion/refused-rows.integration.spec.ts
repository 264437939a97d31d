import { setImmediate as nextTurn } from 'node:timers/promises';

import sharp from 'sharp';

import { TestStore } from '../../../test/support/stores/build-store.js';
import { colourRun, images } from '../../../test/support/stores/preprocessed-runs.js';
import { TestRegistry, createTestHost } from '../../../test/support/registry/test-registry.js';
import { until } from '../../../test/support/until.js';
import type { Run } from '../../domain/run.js';
import type { JsonObject } from '../../lib/json/json.js';

/** What the model takes without resizing. */
async function smallImage(): Promise<string> {
  const create = { width: 4, height: 4, channels: 3, background: 'red' } as const;
  return (await sharp({ create }).png().toBuffer()).toString('base64');
}

describe('a run that takes over and refuses images that the one before took', () => {
  const host = createTestHost();
  const store = new TestStore().addModel('colours');
  let registry: TestRegistry;
  beforeAll(async () => {
    const photo = await smallImage();
    const examples: Run['examples'] = [{ input: { photo }, output: {} }];
    store.addRun('colours', 'first', { ...colourRun, examples }, 'onnx-colours');
    registry = await TestRegistry.start(store, host);
    const tensors = colourRun.encode!.tensors.map((encoding) => ({ ...encoding, resize: undefined }));
    store.addRun(
      'colours',
      'second',
      { ...colourRun, examples, encode: { tensors }, metrics: { f1: 0.9 } },
      'onnx-colours',
    );
  });
  afterAll(async () => {
    registry.close();
    store.remove();
    await host.close();
  });

  const predict = (photo: string): Promise<JsonObject[]> =>
    registry.model('colours').best!.loaded.predict([{ photo }], {
      source: 'body',
      mode: 'strict',
      locOf: (i) => [i],
      include: new Set(),
      timeoutMs: 10_000,
    });

  it('gives way to it again; images that neither takes do not count', async () => {
    expect(await registry.refresh('colours')).toBe('second');

    for (let i = 0; i < 8; i++) await expect(predict(images['colour.jpg']!.slice(0, 400))).rejects.toThrow();
    await nextTurn();
    expect(registry.servedBy('colours')).toBe('second');

    await until(async () => {
      await predict(images['colour.png']!).catch(() => undefined);
      return registry.servedBy('colours') === 'first';
    });

    expect(await predict(images['colour.png']!)).toHaveLength(1);
  });
});
