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

  it.each(['tensorEncoding', 'column'])('lists every kind of %s', (definition) => {
    expect(kindsOf(definition).filter((kind) => !encodePart.includes(`| \`${kind}\` |`))).toEqual([]);
  });
});
