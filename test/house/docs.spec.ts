import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { HTTP_STATUS_OF } from '../../src/http/errors/http-status-of.js';
import { Environment, OPTIONAL_VARIABLES } from '../../src/config/environment.dto.js';
import { ERROR_MESSAGES } from '../../src/domain/app-error.js';
import type { ErrorCode } from '../../src/domain/app-error.js';
import { VERDICT_FIX, WARNING_FIX } from '../../src/domain/verdict.js';

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

describe('docs/configuration.md', () => {
  const defaults = new Map<string, unknown>([
    ...Object.entries(new Environment()),
    ...OPTIONAL_VARIABLES.map((name) => [name, undefined] as const),
  ]);

  it('lists every variable with its default', () => {
    const documented = Object.fromEntries(rowsOf(read('docs/configuration.md')).map(([name, value]) => [name, value]));

    const inCode = Object.fromEntries(
      [...defaults].map(([name, value]) => [
        `\`${name}\``,
        value === undefined ? 'none' : `\`${String(value as string)}\``,
      ]),
    );
    expect(documented).toEqual(inCode);
  });

  it('has the same variables as .env.example', () => {
    const example = Object.fromEntries(
      read('.env.example')
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line))
        .map((line) => line.split('=') as [string, string]),
    );

    const inCode = Object.fromEntries(
      [...defaults].map(([name, value]) => [name, value === undefined ? '' : String(value as string)]),
    );
    expect(example).toEqual(inCode);
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
