import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

describe('the preprocessing threads', () => {
  const made: Preprocessor[] = [];
  const create = (options?: ConstructorParameters<typeof Preprocessor>[0]) => {
    const preprocessor = new Preprocessor(options);
    made.push(preprocessor);
    return preprocessor;
  };
  afterEach(async () => {
    for (const preprocessor of made.splice(0)) await preprocessor.close();
  });

  it('make the tensors of several steps, and keep the requests of several runs apart', async () => {
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

  it('are replaced when they are lost: their requests are told so, the next one is answered', async () => {
    const lost: string[] = [];
    const preprocessor = create({ onLost: (cause) => lost.push(cause) });
    const opened = await preprocessor.open(FOLDER, [tokens]);

    const running = opened.run([LONG], SOON);
    const refused = expect(running).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await preprocessor.endThreads('a test');
    await refused;

    expect((await opened.run([['rain']], SOON))[0]!.tensors).toHaveLength(3);
    expect(lost).toEqual(['a test']);
  });

  it('hold nobody up with what one of them works on', async () => {
    const opened = await create({ threads: 2 }).open(FOLDER, [tokens]);
    const answered: string[] = [];
    const note = (name: string) => () => void answered.push(name);

    const slow = opened.run([LONG], SOON).then(note('slow'));
    await Promise.all([
      opened.run([['rain']], SOON).then(note('quick')),
      opened.run([['rain']], SOON).then(note('quick')),
    ]);
    await slow;

    expect(answered).toEqual(['quick', 'quick', 'slow']);
  });

  it('wait for each other where there is only one: who is lost is told so, who waits is answered', async () => {
    const preprocessor = create({ threads: 1 });
    const opened = await preprocessor.open(FOLDER, [tokens]);

    const slow = opened.run([LONG], SOON);
    const refused = expect(slow).rejects.toMatchObject({ code: 'WORKER_LOST' });
    const waiting = opened.run([['rain']], SOON);
    await preprocessor.endThreads('a test');
    await refused;

    expect((await waiting)[0]!.tensors).toHaveLength(3);
  });

  it('answer the next request although nobody waits any more for what the only one works on', async () => {
    const opened = await create({ threads: 1 }).open(FOLDER, [tokens]);
    const hanging = opened.run([LONG], { remainingMs: 1, timeoutMs: 1 });
    await expect(hanging).rejects.toMatchObject({ code: 'PREDICTION_TIMEOUT' });

    expect((await opened.run([['rain']], SOON))[0]!.tensors).toHaveLength(3);
  });

  it('give up the texts of a caller that has gone', async () => {
    const opened = await create({ threads: 1 }).open(FOLDER, [tokens]);
    const gone = new AbortController();

    const left = opened.run([LONG], { ...SOON, signal: gone.signal });
    const waiting = opened.run([LONG], { ...SOON, signal: gone.signal });
    gone.abort(new Error('gone'));

    await expect(left).rejects.toThrow('gone');
    await expect(waiting).rejects.toThrow('gone');
    expect((await opened.run([['rain']], SOON))[0]!.tensors).toHaveLength(3);
  });

  it('take turns between runs: many requests of one do not hold up the only one of another', async () => {
    const preprocessor = create({ threads: 1 });
    const [one, other] = [await preprocessor.open(FOLDER, [tokens]), await preprocessor.open(FOLDER, [tokens])];
    const answered: string[] = [];
    const ask = (from: typeof one, name: string) => from.run([['rain']], SOON).then(() => void answered.push(name));

    await Promise.all([...Array.from({ length: 6 }, () => ask(one, 'one')), ask(other, 'other')]);

    expect(answered.indexOf('other')).toBeLessThan(3);
  });

  it('open a run on a further one only where they can: what its files have become is no matter of who asks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bestrun-tokens-'));
    copyFileSync(join(FOLDER, 'wordpiece.json'), join(folder, 'wordpiece.json'));
    const opened = await create({ threads: 2 }).open(folder, [tokens]);
    rmSync(folder, { recursive: true });

    const answers = await Promise.all(Array.from({ length: 4 }, () => opened.run([['rain']], SOON)));

    expect(answers.map(([result]) => result!.tensors.length)).toEqual([3, 3, 3, 3]);
  });

  it('are waited for no longer than the caller allows', async () => {
    const opened = await create().open(FOLDER, [tokens]);

    await expect(opened.run([LONG], { remainingMs: 1, timeoutMs: 7 })).rejects.toMatchObject({
      code: 'PREDICTION_TIMEOUT',
      details: { timeoutMs: 7 },
    });
  });

  it('take a request of any size, but no more beside it than may wait', async () => {
    const opened = await create({ maxWaitingCharacters: 10 }).open(FOLDER, [tokens]);

    const first = opened.run([['The bright small model.']], SOON);
    await expect(opened.run([['rain']], SOON)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await first;

    expect(await opened.run([['rain']], SOON)).toHaveLength(1);
  });

  it('take no more requests of a run than may wait', async () => {
    const opened = await create({ threads: 1, maxWaiting: 1 }).open(FOLDER, [tokens]);

    const first = opened.run([LONG], SOON);
    const second = opened.run([['rain']], SOON);
    await expect(opened.run([['rain']], SOON)).rejects.toMatchObject({ code: 'QUEUE_FULL' });

    await Promise.all([first, second]);
  });

  it('are no more when they are closed: who waits is told so', async () => {
    const preprocessor = create({ threads: 1 });
    const opened = await preprocessor.open(FOLDER, [tokens]);

    const both = [opened.run([LONG], SOON), opened.run([['rain']], SOON)];
    const told = both.map((one) => expect(one).rejects.toMatchObject({ code: 'SHUTTING_DOWN' }));
    await preprocessor.close();

    await Promise.all(told);
    await expect(opened.run([['rain']], SOON)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('say what of a run cannot be opened, and serve the others', async () => {
    const preprocessor = create();
    const missing = { ...encoding, tokenizer: { ...encoding.tokenizer, path: 'none.json' } };

    await expect(preprocessor.open(FOLDER, [{ pointer, encoding: missing }])).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
      message: '/encode/tensors/0/tokenizer: "none.json" cannot be read.',
    });
    expect(await (await preprocessor.open(FOLDER, [tokens])).run([['rain']], SOON)).toHaveLength(1);
  });

  it('forget a run that is released, and no other', async () => {
    const preprocessor = create();
    const first = await preprocessor.open(FOLDER, [tokens]);
    const second = await preprocessor.open(FOLDER, [tokens]);

    first.release();

    expect(await second.run([['rain']], SOON)).toHaveLength(1);
  });
});
