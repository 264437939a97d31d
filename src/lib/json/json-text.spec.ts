import { JsonSyntaxError, MAX_JSON_DEPTH, parseJson, stringifyJson } from './json-text.js';

const failureOf = (text: string): JsonSyntaxError => {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
  throw new Error(`accepted ${text}`);
};

describe('parseJson', () => {
  // Reasons and positions printed by CPython 3.11's json.loads.
  it.each([
    ['{"a":1', "Expecting ',' delimiter", 6],
    ['{"a" 1}', "Expecting ':' delimiter", 5],
    ['nope', 'Expecting value', 0],
    ['[1,]', 'Expecting value', 3],
    ['{"a":1,}', 'Expecting property name enclosed in double quotes', 7],
    ["{'age':10}", 'Expecting property name enclosed in double quotes', 1],
    ['{', 'Expecting property name enclosed in double quotes', 1],
    ['{"a":1} x', 'Extra data', 8],
    ['{"a":tru}', 'Expecting value', 5],
    ['{"a":01}', "Expecting ',' delimiter", 6],
    ['   ', 'Expecting value', 3],
    ['"abc', 'Unterminated string starting at', 0],
    ['["a\\q"]', 'Invalid \\escape', 3],
    ['["a\\u12g4"]', 'Invalid \\uXXXX escape', 4],
    ['["a\nb"]', 'Invalid control character at', 3],
    ['[1.]', "Expecting ',' delimiter", 2],
    ['[-]', 'Expecting value', 1],
    ['["😀" x]', "Expecting ',' delimiter", 5],
    ['{"a":NaN}', 'NaN is not JSON: send null', 5],
    ['{"a":[[1,Infinity]]}', 'Infinity is not JSON: send null', 9],
    ['[-Infinity]', '-Infinity is not JSON: send null', 1],
    ['[nan]', 'Expecting value', 1],
    ['[-Inf]', 'Expecting value', 1],
    ['{"a":-Infinity}', '-Infinity is not JSON: send null', 5],
  ])('says where and why %j is not JSON', (text, reason, position) => {
    const failure = failureOf(text);

    expect(failure).toMatchObject({ reason, position });
  });

  it('counts lines and columns from one', () => {
    expect(failureOf('{\n  "a": ?\n}')).toMatchObject({
      message: 'Expecting value: line 2 column 8 (char 9)',
      line: 2,
      column: 8,
    });
  });

  it('keeps the digits of integers beyond 2^53', () => {
    expect(parseJson('{"id":9007199254740993,"n":-9223372036854775808,"x":1.5e300,"s":"9007199254740993"}')).toEqual({
      id: 9007199254740993n,
      n: -9223372036854775808n,
      x: 1.5e300,
      s: '9007199254740993',
    });
  });

  it.each([
    ['9007199254740993', 9007199254740993n],
    ['[9007199254740993]', [9007199254740993n]],
    ['[0.7565187205265512,-9007199254740993]', [0.7565187205265512, -9007199254740993n]],
    ['{"x":0.7565187205265512,"id": 9007199254740993 }', { x: 0.7565187205265512, id: 9007199254740993n }],
    ['{"id":9007199254740993,"x":0.7565187205265512}', { id: 9007199254740993n, x: 0.7565187205265512 }],
    ['[1234567890123456.5,1234567890123456e2,1]', [1234567890123456.5, 123456789012345600, 1]],
    ['{"12345678901234567890":0.7565187205265512}', { '12345678901234567890': 0.7565187205265512 }],
  ])('tells integers of many digits from fractions of many digits in %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('finds integers of many digits at every place of a text, after any digits', () => {
    for (let length = 0; length < 40; length++) {
      const before = '1'.repeat(length + 1);
      const text = `[${'1,'.repeat(length)}0.${before},${before}.5,"${before}",-9007199254740993,1]`;

      expect((parseJson(text) as unknown[]).at(-2)).toBe(-9007199254740993n);
    }
  });

  it('makes a number of integers that no 64 bits hold', () => {
    expect(parseJson(`[${'9'.repeat(5_000_000)},${'1'.repeat(30)}]`)).toEqual([Infinity, Number('1'.repeat(30))]);
  });

  it('reads numbers of millions of digits, whatever follows them', () => {
    const digits = '9'.repeat(9_000_000);

    expect(parseJson(`[${digits}.5,0.${digits}]`)).toEqual([Infinity, 1]);
    expect(failureOf(`[${digits}x]`)).toMatchObject({ reason: "Expecting ',' delimiter", position: 9_000_001 });
  });

  it.each(['{"__proto__":{"polluted":true}}', '{"__proto__":{"polluted":true},"n":12345678901234567890}'])(
    'treats __proto__ as a key like any other in %s',
    (text) => {
      const value = parseJson(text) as Record<string, unknown>;

      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.hasOwn(value, '__proto__')).toBe(true);
      expect(value.polluted).toBeUndefined();
    },
  );

  it('lets the last of repeated keys win', () => {
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it('refuses text nested too deeply, however long it is', () => {
    const levels = 100_000;

    expect(failureOf('['.repeat(levels) + ']'.repeat(levels)).reason).toBe(
      `Nested deeper than ${MAX_JSON_DEPTH} levels`,
    );
    expect(parseJson('['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH))).toBeDefined();
    expect(parseJson(`"${'['.repeat(levels)}"`)).toHaveLength(levels);
  });

  it('takes the tokens of Python for NaN and Infinity only where it is told to', () => {
    expect(parseJson('[NaN, -Infinity, Infinity]', { allowNonFinite: true })).toEqual([NaN, -Infinity, Infinity]);
  });
});

describe('stringifyJson', () => {
  it('writes integers beyond 2^53 with all their digits', () => {
    expect(stringifyJson({ id: 9007199254740993n, text: '9007199254740993' })).toBe(
      '{"id":9007199254740993,"text":"9007199254740993"}',
    );
  });

  it('writes null for numbers JSON does not have', () => {
    expect(stringifyJson([NaN, Infinity, 1])).toBe('[null,null,1]');
  });
});
