import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

type Directions = Readonly<Record<string, readonly string[]>>;
const { FOLDERS, INSIDE } = jest.requireActual<{ FOLDERS: Directions; INSIDE: Readonly<Record<string, Directions>> }>(
  '../../scripts/lib/import-zones.cjs',
);

const source = join(__dirname, '..', '..', 'src');
const ENGINE = /^(onnxruntime|@tensorflow\/)/;

const files = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
  .map((entry) => relative(source, join(entry.parentPath, entry.name)).split(sep).join('/'));

const importsOf = (file: string) =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import|require)\s*\(?\s*'([^']+)'/g)].map(
    ([, target]) => target!,
  );

/** Those that are not put off until the code needs them. */
const staticImportsOf = (file: string) =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/\bfrom\s*'([^']+)'/g)].map(([, target]) => target!);

describe('imports', () => {
  it('have a direction for every folder of src, and inside those whose folders have one', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!));
    const roots = ['bootstrap', 'cli'];
    const inner = (parent: string) =>
      new Set(
        files
          .filter((file) => file.startsWith(`${parent}/`) && file.split('/').length > 2)
          .map((f) => f.split('/')[1]!),
      );

    expect(Object.keys(FOLDERS).sort()).toEqual([...folders].filter((name) => !roots.includes(name)).sort());
    for (const [parent, rows] of Object.entries(INSIDE)) {
      expect({ parent, folders: Object.keys(rows).sort() }).toEqual({ parent, folders: [...inner(parent)].sort() });
    }
  });

  it('go one way: no two folders of src may import each other', () => {
    const pairs = Object.entries(FOLDERS).flatMap(([a, allowed]) =>
      allowed.filter((b) => FOLDERS[b]?.includes(a)).map((b) => `${a} and ${b}`),
    );

    expect(pairs).toEqual([]);
  });

  it('keep the engines behind their adapters', () => {
    const wrong = files.filter(
      (file) => !/^engines\/(onnx|tfjs)\//.test(file) && importsOf(file).some((target) => ENGINE.test(target)),
    );

    expect(wrong).toEqual([]);
  });

  it('keep the main thread free of engines, until a tiny model has proven that it may be computed there', () => {
    const loadedLater = 'engines/inline/inline-model.ts';
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file) || !files.includes(file)) return;
      reached.add(file);
      for (const target of file === loadedLater ? staticImportsOf(file) : importsOf(file)) {
        if (target.startsWith('.')) visit(posix.join(posix.dirname(file), target).replace(/\.js$/, '.ts'));
      }
    };
    visit('main.ts');

    expect(reached.size).toBeGreaterThan(50);
    expect([...reached].filter((file) => importsOf(file).some((target) => ENGINE.test(target)))).toEqual([]);
  });
});
