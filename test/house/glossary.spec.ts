import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const source = join(root, 'src');
const page = readFileSync(join(root, 'docs', 'glossary.md'), 'utf8');

/** Folders of `src` that need no entry: general words of programming, or names of products and formats. */
const GENERAL = new Set(
  'bootstrap cli config domain http lib logging dto auth openapi request response server validation local mlflow store db files postman browser fixtures json input'.split(
    ' ',
  ),
);

const [terms, notUsed] = page.split('## Words not used').map((part) =>
  part
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (word|not|---) /.test(line))
    .map((line) => line.slice(2, -1).split('|')),
) as [string[][], string[][]];
const named = terms.flatMap(([, , folder = '']) => [...folder.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'));
const exported = files
  .filter((file) => file.endsWith('.ts') && !/\.(spec|d)\.ts$/.test(file))
  .flatMap((file) => [
    ...readFileSync(join(source, file), 'utf8').matchAll(
      /^export (?:default |declare |abstract |async )*(?:class|function|const|interface|type) (\w+)(?:.* extends (\w+))?/gm,
    ),
  ]);

describe('docs/glossary.md', () => {
  it('names folders of src that exist', () => {
    expect(named.filter((folder) => !existsSync(join(source, folder)))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });

  it('has every folder of src whose name is a term', () => {
    const folders = new Set(
      files.flatMap((file) =>
        file
          .split('/')
          .slice(0, -1)
          .map((_, i, all) => all.slice(0, i + 1).join('/')),
      ),
    );

    const isKnown = (folder: string) => named.includes(folder) || GENERAL.has(folder.split('/').at(-1)!);
    expect([...folders].filter((folder) => !isKnown(folder)).sort()).toEqual([]);
  });

  it('lists words that no exported name uses', () => {
    const words = new Set(notUsed.flatMap(([word]) => [word!.trim(), `${word!.trim()}s`]));

    const wordsOf = (name: string) =>
      name
        .replace(/([a-z\d])([A-Z])/g, '$1 $2')
        .toLowerCase()
        .split(/[ _]/);
    const used = exported.map(([, name]) => name!).filter((name) => wordsOf(name).some((word) => words.has(word)));
    expect(used).toEqual([]);
    expect(words.size).toBeGreaterThan(20);
  });

  it('calls an error what is thrown: every exported class that extends one ends in Error', () => {
    const errors = exported.filter(([, , parent]) => parent?.endsWith('Error')).map(([, name]) => name!);

    expect(errors.filter((name) => !name.endsWith('Error'))).toEqual([]);
    expect(errors).toContain('RunError');
  });
});
