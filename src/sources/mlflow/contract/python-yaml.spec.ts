import { pythonYamlAt } from './python-yaml.js';

describe('YAML that Python wrote', () => {
  it('has the types that it had in Python', () => {
    const text = `metadata:
  bestrun:
    numbers: [1, -2, 0.5, 1.0e-05, 9007199254740993]
    texts: ['1', "yes", 1e5, 0o7, 2026-01-01x, '']
    words: [true, no, null, ~, .nan, -.inf]
    row: &id001 {a: 1}
    again: *id001
`;

    expect(pythonYamlAt(text, ['metadata', 'bestrun'])).toEqual({
      numbers: [1, -2, 0.5, 1e-5, 9007199254740993n],
      texts: ['1', 'yes', '1e5', '0o7', '2026-01-01x', ''],
      words: [true, false, null, null, null, null],
      row: { a: 1 },
      again: { a: 1 },
    });
  });

  it.each(['', 'metadata: bestrun', 'metadata: {bestrun', `metadata: {bestrun: ${'['.repeat(50_000)}`])(
    'is nothing when the part is not there (%#)',
    (text) => expect(pythonYamlAt(text, ['metadata', 'bestrun'])).toBeUndefined(),
  );
});
