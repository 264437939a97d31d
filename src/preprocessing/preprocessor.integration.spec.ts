import { join } from 'node:path';

import { images, tokenEncoding } from '../../test/support/stores/preprocessed-runs.js';
import type { ImageEncoding, TokenizerEncoding } from '../domain/encode-spec.js';
import type { PreprocessStep } from './preprocess-messages.js';
import { Preprocessor } from './preprocessor.js';

const FOLDER = join(__dirname, '..', '..', 'test', 'fixtures', 'tokenizers');
const pointer = '/encode/tensors/0';
const [encoding] = tokenEncoding().tensors as [TokenizerEncoding];
const tokens: PreprocessStep = {
  pointer,
  encoding: { ...encoding, tokenizer: { ...encoding.tokenizer, path: 'wordpiece.json' } },
};
const image: PreprocessStep = {
  pointer,
  encoding: {
    kind: 'image',
    tensor: 'x',
    dtype: 'uint8',
    field: 'x',
    width: 23,
    height: 17,
    channels: 3,
  } satisfies ImageEncoding,
};
const SOON = { remainingMs: 20_000, timeoutMs: 20_000 };
/** Takes long enough to be overtaken by anything. */
const LONG = Array.from({ length: 50 }, () => 'the bright small model '.repeat(800));

describe('the preprocessing thread', () => {
  const made: Preprocessor[] = [];
  const create = (options?: ConstructorParameters<typeof Preprocessor>[0]) => {
    const preprocessor = new Preprocessor(options);
    made.push(preprocessor);
    return preprocessor;
  };
  afterEach(async () => {
    for (const preprocessor of made.splice(0)) await preprocessor.close();
  });

  it('makes the tensors of several steps, and keeps the requests of several runs apart', async () => {
    const preprocessor = create();
    const [both, one] = await Promise.all([
      preprocessor.open(FOLDER, [tokens, image]),
      preprocessor.open(FOLDER, [image]),
    ]);

    const [results, others] = await Promise.all([
      both.run(
        [
          ['rain', 'a'],
          [images['colour.png']!, 'x'],
        ],
        SOON,
      ),
      one.run([[images['grey.png']!]], SOON),
    ]);

    expect(results.map(({ tensors }) => tensors.map(([name]) => name))).toEqual([
      ['input_ids', 'attention_mask', 'token_type_ids'],
      ['x'],
    ]);
    expect(results[1]!.tensors[0]![1].shape).toEqual([2, 3, 17, 23]);
    expect(results.map(({ issues }) => issues.map(({ row }) => row))).toEqual([[], [1]]);
    expect(others.map(({ issues }) => issues)).toEqual([[]]);
  });

  it('is replaced when it is lost: its request is told so, the next one is answered', async () => {
    const lost: string[] = [];
    const preprocessor = create({ onLost: (cause) => lost.push(cause) });
    const opened = await preprocessor.open(FOLDER, [tokens]);

    const running = opened.run([LONG], SOON);
    const refused = expect(running).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await preprocessor.endThread('a test');
    await refused;

    expect((await opened.run([['rain']], SOON))[0]!.tensors).toHaveLength(3);
    expect(lost).toEqual(['a test']);
  });

  it('is waited for no longer than the caller allows', async () => {
    const opened = await create().open(FOLDER, [tokens]);

    await expect(opened.run([LONG], { remainingMs: 1, timeoutMs: 7 })).rejects.toMatchObject({
      code: 'PREDICTION_TIMEOUT',
      details: { timeoutMs: 7 },
    });
  });

  it('takes a request of any size, but no more beside it than may wait', async () => {
    const opened = await create({ maxWaitingCharacters: 10 }).open(FOLDER, [tokens]);

    const first = opened.run([['The bright small model.']], SOON);
    await expect(opened.run([['rain']], SOON)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await first;

    expect(await opened.run([['rain']], SOON)).toHaveLength(1);
  });

  it('says what of a run cannot be opened, and serves the others', async () => {
    const preprocessor = create();
    const missing = { ...encoding, tokenizer: { ...encoding.tokenizer, path: 'none.json' } };

    await expect(preprocessor.open(FOLDER, [{ pointer, encoding: missing }])).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      message: '/encode/tensors/0/tokenizer: "none.json" cannot be read.',
    });
    expect(await (await preprocessor.open(FOLDER, [tokens])).run([['rain']], SOON)).toHaveLength(1);
  });

  it('forgets a run that is released, and no other', async () => {
    const preprocessor = create();
    const first = await preprocessor.open(FOLDER, [tokens]);
    const second = await preprocessor.open(FOLDER, [tokens]);

    first.release();

    expect(await second.run([['rain']], SOON)).toHaveLength(1);
  });
});
