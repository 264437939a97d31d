import { sumRun } from '../../../test/support/stores/build-store.js';
import type { FieldSchema } from '../../domain/signature.js';
import { modelForRows } from './model-doc.js';
import type { ModelDoc } from './model-doc.js';

const number: FieldSchema = { type: 'number' };

function modelWith(...names: string[]): ModelDoc {
  const run = sumRun(names.join('-'), '0'.repeat(64));
  const properties = Object.fromEntries(names.map((name) => [name, number]));
  const signature = { ...run.signature, input: { type: 'object', properties, required: names } } as const;
  const input = Object.fromEntries(names.map((name) => [name, 1]));
  return { run: { ...run, signature, examples: [{ input, output: {} }] } } as unknown as ModelDoc;
}

/** What it gives, and how often it has paused. */
function shown(...models: ModelDoc[]) {
  const steps = modelForRows(models);
  for (let pauses = 0; ; pauses++) {
    const { done, value } = steps.next();
    if (done) return { ...value, pauses };
  }
}

describe(modelForRows.name, () => {
  it('is the first model whose example goes to it by its fields', () => {
    const [one, same, other] = [modelWith('a', 'b'), modelWith('a', 'b'), modelWith('a', 'b', 'c')];

    expect(shown(one, same, other)).toEqual({ doc: other, isMeant: true, pauses: 2 });
    expect(shown(other, one)).toEqual({ doc: other, isMeant: true, pauses: 0 });
  });

  it('is known not to be meant where all have the same fields', () => {
    const [one, same] = [modelWith('a'), modelWith('a')];

    expect(shown(one, same)).toEqual({ doc: one, isMeant: false, pauses: 2 });
  });
});
