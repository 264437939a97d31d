import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadSchemaCheck } from '../../src/sources/schema-check.js';
import { sumRun } from '../support/stores/build-store.js';

const root = join(__dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'run-format.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(root, 'schemas', 'run.schema.json'), 'utf8')) as {
  $defs: Record<string, { oneOf: { properties: { kind: { const: string } } }[] }>;
};
const kindsOf = (definition: string) => schema.$defs[definition]!.oneOf.map(({ properties }) => properties.kind.const);
const encodePart = page.split('### encode')[1]!.split('### decode')[0]!;
const examples = [...encodePart.matchAll(/```json\n(.*?)```/gs)].map(
  ([, json]) => JSON.parse(json!) as { kind: string },
);

describe('docs/run-format.md', () => {
  it('has an example of each kind of tensor, which the schema takes', () => {
    const run = sumRun('adder-1', '0'.repeat(64));

    const found = examples.map((tensor) => [
      tensor.kind,
      loadSchemaCheck('run')({ ...run, encode: { tensors: [tensor] } }),
    ]);

    expect(found).toEqual(kindsOf('tensorEncoding').map((kind) => [kind, []]));
  });

  it('takes categories beyond 2^53, and names what no category can be', () => {
    const run = sumRun('adder-1', '0'.repeat(64));
    const check = (...values: unknown[]) => {
      const column = { kind: 'category', field: 'id', as: 'index', values, unknown: -1 };
      return loadSchemaCheck('run')({
        ...run,
        encode: { tensors: [{ kind: 'columns', dtype: 'float32', columns: [column] }] },
      });
    };

    expect(check('a', 1.5, true, 2n ** 60n)).toEqual([]);
    expect(check('a', null)).toEqual([
      { pointer: '/encode/tensors/0/columns/0/values/1', expected: 'must be no object, no array, no null' },
    ]);
  });

  it.each(['tensorEncoding', 'column'])('lists every kind of %s', (definition) => {
    expect(kindsOf(definition).filter((kind) => !encodePart.includes(`| \`${kind}\` |`))).toEqual([]);
  });
});
