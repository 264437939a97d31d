import { encodeRows, NO_FILES } from '../../../test/support/codec-calls.js';
import type { EncodeSpec, OneOfEncoding } from '../../domain/encode-spec.js';
import type { RowSchema } from '../../domain/signature.js';
import { RunError } from '../../domain/verdict.js';
import { compileRowEncoder } from './row-encoder.js';

const numbers = { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } as const;
const PICTURE: RowSchema = {
  type: 'object',
  properties: { pixels: numbers, shares: numbers, image: { type: 'string', format: 'image' } },
  oneOf: [{ required: ['pixels'] }, { required: ['shares'] }],
};
const array = (field: string, more = {}) => ({ kind: 'array', dtype: 'float32', field, shape: [2], ...more }) as const;
const image = (more = {}) =>
  ({ kind: 'image', dtype: 'float32', field: 'image', width: 2, height: 1, channels: 1, ...more }) as const;
const oneOf = (...of: OneOfEncoding['of']): EncodeSpec => ({ tensors: [{ kind: 'one-of', tensor: 't', of }] });
const withImage: RowSchema = { ...PICTURE, oneOf: [{ required: ['pixels'] }, { required: ['image'] }] };

describe('a tensor from whichever field a row gives', () => {
  it('has each row from its own field, by the rules of that field', () => {
    const encoder = compileRowEncoder(oneOf(array('pixels', { divide: 4 }), array('shares')), PICTURE, NO_FILES);

    const { tensor, issues } = encodeRows(encoder, [{ pixels: [4, 2] }, { shares: [0.25, 1] }, { pixels: [0, 1] }]);

    expect(issues).toEqual([]);
    expect(tensor).toEqual({ dtype: 'float32', shape: [3, 2], data: Float32Array.of(1, 0.5, 0.25, 1, 0, 0.25) });
  });

  it('names the field of a bad value', () => {
    const encoder = compileRowEncoder(oneOf(array('pixels'), array('shares')), PICTURE, NO_FILES);

    expect(encodeRows(encoder, [{ shares: [1] }]).issues[0]!.loc).toEqual(['body', 'inputs', 0, 'shares']);
  });

  it('leaves rows with an image to the thread for images, and gives it those alone', () => {
    const spec = oneOf(array('pixels', { shape: [1, 1, 2] }), image());
    const encoder = compileRowEncoder(spec, withImage, NO_FILES);

    const { tensor } = encodeRows(encoder, [{ image: 'a' }, { pixels: [3, 4] }]);

    expect([...(tensor.data as Float32Array)]).toEqual([0, 0, 3, 4]);
    const [field] = encoder.preprocessed;
    expect(field!.read({ image: 'a' }, {})).toBe('a');
    expect(field!.read({ pixels: [3, 4] }, {})).toBeUndefined();
  });

  it.each<[string, EncodeSpec, RowSchema]>([
    ['signature.input must say "oneOf"', oneOf(array('pixels'), array('shares')), { ...PICTURE, oneOf: undefined }],
    ['signature.input must say "oneOf"', oneOf(array('pixels'), array('shares')), withImage],
    ['makes float32 [1, 1, 2], but the first makes float32 [2]', oneOf(array('pixels'), image()), withImage],
    [
      'makes uint8 [2], but the first makes float32 [2]',
      oneOf(array('pixels'), array('shares', { dtype: 'uint8' })),
      PICTURE,
    ],
    ['tensor is named once', oneOf(array('pixels', { tensor: 'u' }), array('shares')), PICTURE],
    ['takes array', oneOf(array('pixels'), array('image')), withImage],
  ])('is refused: %s', (message, encode, input) => {
    const compile = () => compileRowEncoder(encode, input, NO_FILES);

    expect(compile).toThrow(RunError);
    expect(compile).toThrow(message);
  });
});
