import { sumRun } from '../../test/support/stores/build-store.js';
import { recordedContractOf } from './contract.js';
import type { FieldSchema } from './signature.js';

describe('the contract as it is recorded', () => {
  const image: FieldSchema = {
    type: 'array',
    items: { type: 'number', examples: [1], 'x-observed': { minimum: 0 } },
    examples: [[1, 2, 3]],
    maxItems: 3,
  };
  const run = sumRun('a', '');
  const { input } = run.signature;
  const withImage = {
    ...run,
    signature: { ...run.signature, input: { ...input, properties: { ...input.properties, image } } },
  };

  it('has no examples and no annotations, at any depth', () => {
    const { properties } = recordedContractOf(withImage).signature.input;

    expect(properties.image).toEqual({ type: 'array', items: { type: 'number' }, maxItems: 3 });
    expect(properties.a).toMatchObject({ minimum: -1000, description: 'First number.' });
  });
});
