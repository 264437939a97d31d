import { parseQuery } from './query-parser.js';

describe('parseQuery', () => {
  it.each<[string, Record<string, string>]>([
    ['', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2', { a: '2' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=1', { '': '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['a+b=c+d', { 'a b': 'c d' }],
    ['%61=%C3%A9%20', { a: 'é ' }],
    ['a%2Bb=1%2B1', { 'a+b': '1+1' }],
    ['a[b]=1&a.b=2', { 'a[b]': '1', 'a.b': '2' }],
    ['a=1&%61=2', { a: '2' }],
    ['&&a=1&&', { a: '1' }],
  ])('reads "%s"', (text, query) => {
    expect({ ...parseQuery(text) }).toEqual(query);
  });

  it('takes __proto__ for a name like any other', () => {
    const query = parseQuery('__proto__=1&constructor=2');

    expect(Object.keys(query)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(query)).toBeNull();
  });

  it.each(['%', 'a=%', 'a=%ff', 'a=%E0%A4%A', '%zz=1'])('throws for "%s", which encodes nothing', (text) => {
    expect(() => parseQuery(text)).toThrow(URIError);
  });

  it('ignores what comes after a thousand parameters', () => {
    const text = Array.from({ length: 2_000 }, (_, i) => `k${i}=1`).join('&');

    expect(Object.keys(parseQuery(text))).toHaveLength(1_000);
  });
});
