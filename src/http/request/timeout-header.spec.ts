import { TIMEOUT_HEADER, readTimeout } from './timeout-header.js';

const LIMIT_MS = 30_000;
const read = (value: string | string[] | undefined, limitMs = LIMIT_MS): number | undefined =>
  readTimeout({ 'x-timeout-ms': value }, limitMs);

describe(readTimeout.name, () => {
  it('reads the header that clients are told of', () => {
    expect(readTimeout({ [TIMEOUT_HEADER.toLowerCase()]: '7' }, LIMIT_MS)).toBe(7);
  });

  it('gives the limit of the server to clients that say nothing', () => {
    expect(readTimeout({}, LIMIT_MS)).toBe(LIMIT_MS);
    expect(readTimeout({}, Infinity)).toBe(Infinity);
  });

  it.each([
    ['1', 1],
    ['29999', 29_999],
    ['30000', 30_000],
  ])('takes %s', (text, ms) => expect(read(text)).toBe(ms));

  it('gives nobody more than the limit of the server', () => {
    expect(read('30001')).toBe(LIMIT_MS);
    expect(read('999999999')).toBe(LIMIT_MS);
    expect(read('999999999', Infinity)).toBe(999_999_999);
  });

  it.each([
    '',
    ' ',
    '0',
    '00',
    '01',
    '-1',
    '+1',
    '1.0',
    '1.5',
    '1e3',
    '0x10',
    'ten',
    'NaN',
    'Infinity',
    '1 ',
    ' 1',
    '1\n',
  ])('refuses %j', (text) => expect(read(text)).toBeUndefined());

  it('refuses more digits than a time has', () => {
    expect(read('1000000000')).toBeUndefined();
    expect(read('9'.repeat(1_000))).toBeUndefined();
  });

  it('refuses two headers, as a list or as Node joins them', () => {
    expect(read(['10', '20'])).toBeUndefined();
    expect(read('10, 20')).toBeUndefined();
  });
});
