import { TestStore } from '../../../../test/support/stores/build-store.js';
import { loadConfig } from '../../../config/load-config.js';
import type { CategoryColumn, Column } from '../../../domain/encode-spec.js';
import type { Run } from '../../../domain/run.js';
import type { FieldSchema } from '../../../domain/signature.js';
import { createModelHost } from '../../../engines/pool/create-model-host.js';
import { LocalRunSource } from '../../../sources/local/local-run-source.js';
import { RunLoader } from '../run-loader.js';
import { cureCandidates } from './cure-candidates.js';

const NUMBER = { type: ['number', 'null'] } as const;
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

describe('a run that does not repeat its examples', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  /** Why a run of the model that adds two numbers is refused. */
  const refusalOf = async (run: Partial<Run>): Promise<string> => {
    const store = new TestStore().addModel('m').addRun('m', 'one', run);
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    const problem: unknown = await new RunLoader(host, loadConfig({}))
      .load(sourceRun, sourceRun.run!)
      .catch((error: unknown) => error);
    return (problem as Error).message;
  };
  const signatureOf = (
    input: Record<string, FieldSchema>,
    output: Run['signature']['output']['properties'],
  ): Run['signature'] => ({
    input: { type: 'object', properties: input, required: Object.keys(input) },
    output: { type: 'object', properties: output },
  });
  const columnsOf = (...columns: Column[]): Run['encode'] => ({
    tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns }],
  });
  const inputs = [0.25, -1.5, 2.25].map((a) => ({ a, b: 0.5 }));
  const numbers = { a: { type: 'number' }, b: { type: 'number' } } as const;
  const binary = { kind: 'binary', tensor: 'y', labels: ['no', 'yes'], field: 'label' } as const;

  it('is told the activation with which it does', async () => {
    const message = await refusalOf({
      signature: signatureOf(numbers, { label: { type: 'string' }, p: NUMBER }),
      decode: { ...binary, probability_field: 'p' },
      examples: inputs.map(({ a, b }) => ({
        input: { a, b },
        output: { label: a + b >= 0 ? 'yes' : 'no', p: sigmoid(a + b) },
      })),
    });

    expect(message).toContain('The examples get their recorded answers with "activation": "sigmoid" in decode.');
  });

  it('is told that the model scales its inputs itself', async () => {
    const scaled = { kind: 'number', subtract: 3, divide: 2 } as const;
    const message = await refusalOf({
      encode: columnsOf({ ...scaled, field: 'a' }, { ...scaled, field: 'b' }),
      examples: inputs.map(({ a, b }) => ({ input: { a, b }, output: { sum: a + b } })),
    });

    expect(message).toContain('with no "subtract" and "divide" in encode: the model scales its inputs itself.');
  });

  it('is told the order of the categories', async () => {
    const town: CategoryColumn = {
      kind: 'category',
      field: 'town',
      as: 'index',
      values: ['Ulm', 'Bonn', 'Jena'],
      unknown: 'error',
    };
    const message = await refusalOf({
      signature: signatureOf({ town: { type: 'string' }, b: { type: 'number' } }, { sum: NUMBER }),
      encode: columnsOf(town, { kind: 'number', field: 'b' }),
      examples: ['Bonn', 'Jena', 'Ulm'].map((name, i) => ({ input: { town: name, b: 0.5 }, output: { sum: i + 0.5 } })),
    });

    expect(message).toContain('with "values" of "town" in encode in the order "Bonn", "Jena", "Ulm".');
  });

  it('is told between which probabilities the threshold lies that no answer shows', async () => {
    const rows = [0.1, 0.2, 0.35, 0.8].map((a) => ({ a, b: 0 }));
    const message = await refusalOf({
      signature: signatureOf(numbers, { label: { type: 'string' } }),
      decode: binary,
      examples: rows.map((row) => ({ input: row, output: { label: row.a > 0.3 ? 'yes' : 'no' } })),
    });

    expect(message).toMatch(
      /The labels of "label" change where the probability is between 0\.2\d* and 0\.3\d*: set decode\.threshold\./,
    );
  });

  it('is told the thresholds of several labels', async () => {
    const [low, high] = [0.25, 0.75];
    const rows = [0.1, 0.3, 0.6, 0.9].map((a) => ({ a, b: 0 }));
    const message = await refusalOf({
      signature: signatureOf(numbers, { tags: { type: 'array', items: { type: 'string' } } }),
      decode: { kind: 'multi-label', tensor: 'y', labels: ['x'], threshold: high, field: 'tags' },
      examples: rows.map((row) => ({ input: row, output: { tags: row.a > low ? ['x'] : [] } })),
    });

    expect(message).toMatch(/between 0\.1\d* and 0\.3\d*: set decode\.threshold/);
  });

  it('is told of no change that labels alone would allow', async () => {
    const message = await refusalOf({
      signature: signatureOf(numbers, { label: { type: 'string' } }),
      decode: binary,
      examples: inputs.map((input) => ({ input, output: { label: 'maybe' } })),
    });

    expect(message).not.toContain('get their recorded answers');
  });
});

describe('changes that are tried', () => {
  const whatOf = (run: Partial<Run>) => [...cureCandidates(run as Run)].map(({ what }) => what);
  const columns = ['c', 'a', 'b'].map((field) => ({ kind: 'number', field }) as const);
  const signature = { input: { properties: { b: {}, a: {}, c: {} } } } as unknown as Run['signature'];

  it('begin with the order of the signature and of the examples among orders of columns', () => {
    const encode = { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns }] } as const;
    const examples = [{ input: { a: 1, c: 2, b: 3 }, output: {} }];
    const found = whatOf({ encode, decode: { kind: 'regression', fields: ['y'] }, signature, examples });

    expect(found.slice(0, 3)).toEqual([
      'the columns of encode in the order "b", "a", "c"',
      'the columns of encode in the order "a", "c", "b"',
      'the columns of encode in the order "a", "b", "c"',
    ]);
    expect(new Set(found).size).toBe(6);
  });

  it('are those of images, of embeddings and of heads', () => {
    const image = {
      kind: 'image',
      tensor: 'x',
      dtype: 'float32',
      field: 'photo',
      width: 8,
      height: 8,
      channels: 3,
      resize: { filter: 'box' },
    } as const;
    const embedding = { kind: 'embedding', tensor: 'v', pooling: 'mean', field: 'v' } as const;
    const decode = { kind: 'heads', heads: [embedding] } as const;
    const found = whatOf({ encode: { tensors: [image] }, decode, signature, examples: [] });

    expect(found).toEqual(
      expect.arrayContaining([
        '"normalize": true in decode.heads[0]',
        '"pooling": "cls" in decode.heads[0]',
        '"transparency": "ignore" in encode',
        '"scale": 1 in encode, and neither "mean" nor "std"',
        '"filter": "bilinear" of "resize" in encode',
        '"fit": "crop" and "shorter_side": 9 of "resize" in encode',
      ]),
    );
  });
});
