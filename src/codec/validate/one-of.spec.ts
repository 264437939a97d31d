import { validate } from '../../../test/support/codec-calls.js';
import type { FieldAlternative, RowSchema } from '../../domain/signature.js';
import { compileRowValidator } from './row-validator.js';

const PICTURE: RowSchema = {
  type: 'object',
  properties: {
    image: { type: 'string' },
    pixels: { type: 'array', items: { type: 'number' } },
    width: { type: 'integer' },
    note: { type: ['string', 'null'] },
    zoom: { type: 'number', default: 1 },
  },
  oneOf: [{ required: ['image'] }, { required: ['pixels', 'width'] }],
};

describe('a row schema with alternatives', () => {
  it.each([
    ['the first', { image: 'a' }],
    ['the second', { pixels: [1], width: 1 }],
    ['one of them whole and a part of the other', { image: 'a', width: 1 }],
  ])('takes a row with %s', (_what, row) => {
    expect(validate(PICTURE, row).row).toEqual({ ...row, zoom: 1 });
  });

  it.each([
    ['none of them', {}],
    ['both', { image: 'a', pixels: [1], width: 1 }],
    ['a part of one', { pixels: [1] }],
  ])('refuses a row with %s, and names both', (_what, row) => {
    expect(validate(PICTURE, row).issues).toEqual([
      {
        loc: ['body', 'inputs', 0],
        msg: "give exactly one of 'image' or 'pixels' with 'width'",
        type: 'value_error.one_of',
        ctx: { alternatives: [['image'], ['pixels', 'width']] },
      },
    ]);
  });

  it('refuses it where ranges are not checked, too', () => {
    expect(validate(PICTURE, {}, { source: 'query', mode: 'types-only' }).issues).toHaveLength(1);
  });

  it('names a bad value alone, when the choice is clear', () => {
    expect(validate(PICTURE, { image: 1 }).issues.map(({ loc }) => loc)).toEqual([['body', 'inputs', 0, 'image']]);
  });

  it.each<[string, Partial<RowSchema> & { oneOf: FieldAlternative[] }]>([
    ['"photo" is not in properties', { oneOf: [{ required: ['photo'] }, { required: ['image'] }] }],
    ['is required already', { required: ['image'], oneOf: [{ required: ['image'] }, { required: ['width'] }] }],
    ['neither a default nor null', { oneOf: [{ required: ['note'] }, { required: ['image'] }] }],
    ['neither a default nor null', { oneOf: [{ required: ['zoom'] }, { required: ['image'] }] }],
  ])('is refused when it says nothing: %s', (message, change) => {
    expect(() => compileRowValidator({ ...PICTURE, ...change })).toThrow(message);
  });
});
