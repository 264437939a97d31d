import type { JsonObject } from '../lib/json/json.js';
import { parseJson } from '../lib/json/json-text.js';
import { loadSchemaCheck } from './schema-check.js';

const problemsOf = (guardrail: string): string[] => {
  const selection = `{"metric":"f1","goal":"maximize","guardrails":[{"metric":"f1","minimum":${guardrail}}]}`;
  const card = parseJson(`{"name":"a","title":"A","description":"a","task":"other","selection":${selection}}`);
  return loadSchemaCheck('card')(card as JsonObject).map(({ expected }) => expected);
};

describe(loadSchemaCheck.name, () => {
  it('says of a number with more digits than one holds how to write it', () => {
    expect(problemsOf('"1"')).toEqual(['must be number']);
    expect(problemsOf('9223372036854775807')).toEqual([
      'must be number of up to 2^53, or with an exponent: 9.223372036854776e+18',
    ]);
    expect(problemsOf('9.223372036854776e+18')).toEqual([]);
  });
});
