import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import { showsPadding, withOtherNumbers } from './shown-padding.js';

const encode = (more: object): EncodeSpec => ({
  tensors: [{ kind: 'array', tensor: 'x', dtype: 'int64', field: 'ids', shape: [null], ...more }],
});
const examples = (...inputs: JsonObject[]) => inputs.map((input) => ({ input, output: {} }));

describe('filling up', () => {
  it('is shown by examples whose lists have several lengths', () => {
    expect(showsPadding(encode({ pad: 0 }), examples({ ids: [1, 2] }, { ids: [3] }))).toBe(true);
    expect(showsPadding(encode({ pad: 0 }), examples({ ids: [1, 2] }, { ids: [3, 4] }))).toBe(false);
    expect(showsPadding(encode({ pad: 0 }), examples({ ids: [1, 2] }))).toBe(false);
    expect(showsPadding(encode({ pad: 0, shape: [null, 1] }), examples({ ids: [[1]] }, { ids: [[1], [2]] }))).toBe(
      true,
    );
  });

  it('needs no proof where nothing is filled', () => {
    expect(showsPadding(encode({}), examples({ ids: [1] }))).toBe(true);
    expect(showsPadding(encode({ pad: 0, shape: [1] }), examples({ ids: [1] }))).toBe(true);
  });

  it('is tried with other numbers than the examples have, where something is filled', () => {
    const rows = examples({ ids: [1, 0, 2n ** 60n], other: 'a' }, { ids: [[-5], []] });

    expect(withOtherNumbers(encode({ pad: 0 }), rows)).toEqual([
      { ids: [-2, -1, -(2n ** 60n) - 1n], other: 'a' },
      { ids: [[4], []] },
    ]);
    expect(withOtherNumbers(encode({}), rows)).toEqual([]);
  });
});
