import { sumRun } from '../../../../test/support/stores/build-store.js';
import { AppError } from '../../../domain/app-error.js';
import type { FieldSchema } from '../../../domain/signature.js';
import type { JsonObject } from '../../../lib/json/json.js';
import type { LoadedRun } from '../loaded-run.js';
import { tryCorners } from './try-corners.js';

const refusal = (text = 'no') => new AppError('PREDICTION_FAILED', {}, { cause: new Error(text) });

/** A loaded run with an example of "A" and 1, whose calls `onCall` may fail. */
function loadedWith(onCall: (rows: readonly JsonObject[], call: number) => void): LoadedRun & { calls: number } {
  const properties: Record<string, FieldSchema> = {
    text: { type: ['string', 'null'] },
    count: { type: 'integer', minimum: 0 },
  };
  const loaded = {
    run: {
      ...sumRun('adder-1', '0'.repeat(64)),
      signature: {
        input: { type: 'object', properties, required: ['count'] },
        output: { type: 'object', properties: {} },
      },
      examples: [{ input: { text: 'A', count: 1 }, output: {} }],
    },
    onRequestFields: [],
    calls: 0,
    predict: (rows: readonly JsonObject[]) => {
      loaded.calls += 1;
      return Promise.resolve().then(() => onCall(rows, loaded.calls));
    },
  };
  return loaded as unknown as LoadedRun & { calls: number };
}
const messagesOf = async (loaded: LoadedRun) => (await tryCorners(loaded, true, 1_000)).map(({ message }) => message);

describe(tryCorners.name, () => {
  it('computes all corners in one call when the model does', async () => {
    const loaded = loadedWith(() => undefined);

    expect(await messagesOf(loaded)).toEqual([]);
    expect(loaded.calls).toBe(2);
  });

  it('warns of null, of a field left out, and of an unseen text that fail', async () => {
    const loaded = loadedWith((rows) => {
      if (rows.some(({ text }) => text !== 'A')) throw refusal();
    });

    expect(await messagesOf(loaded)).toEqual([
      '"text" may be null; the model fails for that. Make it a value that is never null, or give it a default.',
      '"text" may be left out; the model fails for that. Make it required, or give it another default.',
      '"text" may be any text, also one that was never seen; the model fails for that. Give it an enum.',
    ]);
  });

  it('finds the limit of a number in few calls', async () => {
    const loaded = loadedWith((rows) => {
      if (rows.some(({ count }) => (count as number) > 12_345)) throw refusal();
    });

    expect(await messagesOf(loaded)).toEqual([
      '"count" is open above; the model fails for 2147483647. Set "maximum": 12345.',
    ]);
    expect(loaded.calls).toBeLessThan(50);
  });

  it('refuses a model that answers its own example no more after a corner', async () => {
    let isBroken = false;
    const loaded = loadedWith((rows) => {
      isBroken ||= rows.some(({ text }) => text === null);
      if (isBroken) throw refusal('state is gone at /srv/model.onnx');
    });

    await expect(tryCorners(loaded, true, 1_000)).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message:
        'After it failed for a value of "text" that its contract allows, the model does not answer its own example any more: state is gone at model.onnx',
    });
  });

  it('ends when the server is busy, and says nothing then', async () => {
    const loaded = loadedWith((_rows, call) => {
      if (call > 1) throw new AppError('QUEUE_FULL', { retryAfterSeconds: 1 });
    });

    expect(await messagesOf(loaded)).toEqual([]);
    expect(loaded.calls).toBe(2);
  });
});
