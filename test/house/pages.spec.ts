import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import {
  anchorsOf,
  codeNames,
  relativeLinks,
  sourcePaths,
  tableCells,
  withoutCodeBlocks,
} from '../support/docs/markdown.js';

const root = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const MAX_WORDS_IN_CELL = 40;
const MAX_LINE = 120;
/** Older pages have longer lines; each joins when it is rewritten. */
const WRAPPED = ['README', 'architecture', 'extending', 'operations', 'principles', 'selection', 'tutorial'].map(
  (name) => join('docs', `${name}.md`),
);

const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => join('docs', path));
const pages = ['README.md', 'CONTRIBUTING.md', ...docs];
const guides = pages.filter((path) => !path.startsWith(join('docs', 'decisions')));

/** Whether a link leads to a file of the repository and, with `#`, to a heading of that page. */
function resolves(page: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined];
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).includes(anchor);
}

/** All code below a folder as one text. */
const codeOf = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => read(join(folder, path)))
    .join('\n');
const code = codeOf('src');

describe('docs/operations.md', () => {
  it('tells operators to alert on words that the log has', () => {
    const [, section] = read('docs/operations.md').split('## Log lines worth an alert') as [string, string];
    const [table] = section.split('\n## ') as [string];
    const words = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, phrase]) => phrase!);

    expect(words.length).toBeGreaterThan(0);
    expect(words.filter((phrase) => !code.includes(phrase))).toEqual([]);
  });
});

describe.each(['docs/architecture.md', 'docs/extending.md'])('%s', (page) => {
  it('names classes and functions that exist', () => {
    const all = code + codeOf('test/contracts') + codeOf('test/support');

    expect(codeNames(read(page)).filter((name) => !all.includes(name))).toEqual([]);
  });
});

describe('the pages of the documentation', () => {
  it.each(guides)('%s keeps table cells short, so that rules stand in lists', (page) => {
    const long = tableCells(read(page)).filter((cell) => cell.split(/\s+/).length > MAX_WORDS_IN_CELL);

    expect(long).toEqual([]);
  });

  it.each(WRAPPED)('%s has lines that a terminal can show, but for tables and code', (page) => {
    const lines = withoutCodeBlocks(read(page)).split('\n');

    expect(lines.filter((line) => line.length > MAX_LINE && !line.startsWith('|'))).toEqual([]);
  });

  it.each(pages)('%s links to files and headings that exist', (page) => {
    const dead = relativeLinks(read(page)).filter((link) => !resolves(page, link));

    expect(dead).toEqual([]);
  });

  it.each(pages)('%s names source files that exist', (page) => {
    const gone = sourcePaths(read(page)).filter((path) => !existsSync(join(root, path)));

    expect(gone).toEqual([]);
  });
});
