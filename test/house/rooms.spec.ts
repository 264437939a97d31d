import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

const source = join(__dirname, '..', '..', 'src');
const streets = ['health', 'models', 'runs', 'predictions', 'docs'];

/** Which rooms a room may import, besides itself; docs/architecture.md draws it. Roots may import anything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  config: ['domain'],
  common: ['domain', 'config'],
  sources: ['domain', 'config'],
  codec: ['domain'],
  engines: ['domain', 'config'],
  registry: ['domain', 'config', 'sources', 'codec', 'engines'],
  ...Object.fromEntries(streets.map((room) => [room, ['domain', 'config', 'common', 'registry', 'version.js']])),
};

const ENGINE = /^(onnxruntime|@tensorflow\/)/;

const files = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
  .map((entry) => relative(source, join(entry.parentPath, entry.name)).split(sep).join('/'));

const importsOf = (file: string) =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import|require)\s*\(?\s*'([^']+)'/g)].map(
    ([, target]) => target!,
  );

describe('the rooms', () => {
  it('import downwards only, and never a neighbour', () => {
    const wrong = files.flatMap((file) => {
      const room = file.split('/')[0]!;
      const allowed = MAY_IMPORT[room];
      if (!allowed) return [];
      return importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => posix.join(posix.dirname(file), target).split('/')[0]!)
        .filter((other) => other !== room && !allowed.includes(other))
        .map((other) => `${file} imports ${other}`);
    });

    expect(wrong).toEqual([]);
  });

  it('keep the engines behind their adapters', () => {
    const wrong = files.filter(
      (file) => !/^engines\/(onnx|tfjs)\//.test(file) && importsOf(file).some((target) => ENGINE.test(target)),
    );

    expect(wrong).toEqual([]);
  });

  it('keep the main thread free of engines: what it imports never leads to an engine', () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file) || !files.includes(file)) return;
      reached.add(file);
      for (const target of importsOf(file)) {
        if (target.startsWith('.')) visit(posix.join(posix.dirname(file), target).replace(/\.js$/, '.ts'));
      }
    };
    visit('main.ts');

    expect(reached.size).toBeGreaterThan(50);
    expect([...reached].filter((file) => importsOf(file).some((target) => ENGINE.test(target)))).toEqual([]);
  });
});
