import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import { HTTP_STATUS_OF } from '../../src/http/errors/http-status-of.js';
import { describeVariables } from '../../src/config/describe-variables.js';
import type { VariableDescription } from '../../src/config/describe-variables.js';
import { loadConfig } from '../../src/config/load-config.js';
import { compileKind } from '../../src/codec/decode/compile-head.js';
import { primaryFieldsOf } from '../../src/domain/contract.js';
import type { DecodeSpec } from '../../src/domain/decode-spec.js';
import { loadSchemaCheck } from '../../src/sources/schema-check.js';
import { sumRun } from '../support/stores/build-store.js';
import { ERROR_MESSAGES } from '../../src/domain/app-error.js';
import type { ErrorCode } from '../../src/domain/app-error.js';
import { VERDICT_FIX, WARNING_FIX } from '../../src/domain/verdict.js';

// Plain JavaScript, shared with `npm run docs:config`.
type Generate = (variables: readonly VariableDescription[], source: string) => string;
const { configurationTable, environmentExample, replaceGenerated } = jest.requireActual<{
  readonly configurationTable: Generate;
  readonly environmentExample: Generate;
  readonly replaceGenerated: (text: string, generated: string) => string;
}>('../../scripts/lib/config-docs.cjs');

/** What the test reads of `schemas/run.schema.json`. */
interface RunSchema {
  readonly properties: {
    readonly decode: {
      readonly oneOf: readonly { readonly properties: { readonly kind: { readonly const: string } } }[];
    };
  };
}

const root = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Cells of a Markdown table's rows whose first cell is code. */
const rowsOf = (markdown: string) =>
  markdown
    .split('\n')
    .filter((line) => /^\| `[A-Z_0-9]+` \|/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));

describe('docs/errors.md', () => {
  it('lists every error code with its status and sentence', () => {
    const documented = rowsOf(read('docs/errors.md')).map(([code, status, sentence]) => [code, status, sentence]);

    const inCode = Object.entries(ERROR_MESSAGES).map(([code, sentence]) => [
      `\`${code}\``,
      String(HTTP_STATUS_OF[code as ErrorCode]),
      sentence,
    ]);
    expect(documented).toEqual(inCode);
  });
});

describe('the variables of src/config/environment.dto.ts', () => {
  const source = read('src/config/environment.dto.ts');

  it.each([
    ['docs/configuration.md', configurationTable],
    ['.env.example', environmentExample],
  ])('are in %s as `npm run docs:config` writes them', (path, generate) => {
    expect(read(path)).toBe(replaceGenerated(read(path), generate(describeVariables(), source)));
  });

  it('can all be set from .env.example as it is, which changes nothing', () => {
    const example = parseEnv(read('.env.example')) as Record<string, string>;

    expect(Object.keys(example).sort()).toEqual(
      describeVariables()
        .map(({ name }) => name)
        .sort(),
    );
    expect(loadConfig(example)).toEqual(loadConfig({}));
  });
});

describe('the examples of decode in docs/run-format.md', () => {
  const section = read('docs/run-format.md').split('### decode')[1]!.split('## Worked example')[0]!;
  const examples = [...section.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => JSON.parse(text!) as DecodeSpec);
  const run = sumRun('example', '0'.repeat(64));

  it('show every kind of the run format', () => {
    const { oneOf } = (JSON.parse(read('schemas/run.schema.json')) as RunSchema).properties.decode;
    const kinds = oneOf.map(({ properties }) => properties.kind.const);

    expect(examples.map(({ kind }) => kind).sort()).toEqual(kinds.sort());
  });

  it.each(examples)('are valid: $kind', (decode) => {
    expect(loadSchemaCheck('run')({ ...run, decode })).toEqual([]);
    expect(compileKind(decode, { type: 'object', properties: {} }).fields).toEqual(
      expect.arrayContaining([...primaryFieldsOf(decode)]),
    );
  });
});

describe('docs/run-format.md', () => {
  const [verdicts, warnings] = read('docs/run-format.md').split('## Warnings') as [string, string];

  it('lists every verdict with what to do', () => {
    const documented = rowsOf(verdicts).map(([code, fix]) => [code, fix]);

    expect(documented).toEqual(Object.entries(VERDICT_FIX).map(([code, fix]) => [`\`${code}\``, fix]));
  });

  it('lists every warning with what to do', () => {
    const documented = rowsOf(warnings).map(([code, fix]) => [code, fix]);

    expect(documented).toEqual(Object.entries(WARNING_FIX).map(([code, fix]) => [`\`${code}\``, fix]));
  });
});

describe('the lockfile', () => {
  it('names no download address, so that any registry serves it', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });
});
