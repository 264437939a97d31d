import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sha256OfText } from '../../../lib/digest.js';
import { WeightCache, WeightCacheError } from './weight-cache.js';

const BYTES = 1000;
const HOUR_MS = 3_600_000;

describe(WeightCache.name, () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bestrun-weight-cache-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const cacheOf = (entries: number) => new WeightCache({ folder, maxBytes: entries * BYTES });
  const keyOf = (name: string) => sha256OfText(name);
  const write = (text: string) => (into: string) => {
    const files = { 'model.onnx': 'graph', 'weights.bin': text.padEnd(BYTES - 'graph'.length) };
    return Object.fromEntries(
      Object.entries(files).map(([name, content]) => {
        writeFileSync(join(into, name), content);
        return [name, { bytes: content.length, sha256: sha256OfText(content) }];
      }),
    );
  };
  const make = (cache: WeightCache, name: string) => cache.make(keyOf(name), BYTES, write(name));
  const age = (path: string, hours: number) => {
    const then = new Date(Date.now() - hours * HOUR_MS);
    utimesSync(join(folder, path), then, then);
  };
  const has = (cache: WeightCache, ...names: string[]) => names.filter((name) => cache.find(keyOf(name)));

  it('has what was made, in a folder that was renamed when it was complete', () => {
    const cache = cacheOf(2);
    const entry = make(cache, 'one');

    expect(entry.folder).toBe(join(folder, keyOf('one')));
    expect(has(cacheOf(2), 'one', 'two')).toEqual(['one']);
    expect(readdirSync(join(folder, 'incoming'))).toEqual([]);
  });

  it('deletes what was used longest ago when a new entry needs room, but nothing that was used within an hour', () => {
    const cache = cacheOf(2);
    make(cache, 'one');
    make(cache, 'two');

    expect(() => make(cache, 'three')).toThrow(WeightCacheError);
    age(join(keyOf('one'), 'manifest.json'), 3);
    age(join(keyOf('two'), 'manifest.json'), 2);
    make(cache, 'three');
    expect(has(cache, 'one', 'two', 'three')).toEqual(['two', 'three']);
  });

  it('notes the use of an entry', () => {
    const cache = cacheOf(1);
    make(cache, 'one');
    age(join(keyOf('one'), 'manifest.json'), 3);
    cache.find(keyOf('one'));

    expect(() => make(cache, 'two')).toThrow('MODEL_CACHE_MAX_BYTES leaves no room for them');
  });

  it('takes the entry of another process that was faster', () => {
    const cache = cacheOf(9);
    const entry = cache.make(keyOf('one'), BYTES, (into) => {
      make(cacheOf(9), 'one');
      return write('one')(into);
    });

    expect(has(cache, 'one')).toEqual(['one']);
    expect(entry.folder).toBe(join(folder, keyOf('one')));
    expect(readdirSync(join(folder, 'incoming'))).toEqual([]);
  });

  it('writes an entry again that is damaged', () => {
    const cache = cacheOf(9);
    const entry = make(cache, 'one');
    for (const damaged of ['weights.bin', 'manifest.json']) {
      writeFileSync(join(entry.folder, damaged), 'damaged');
      expect(has(cache, 'one')).toEqual([]);
      make(cache, 'one');
      expect(has(cache, 'one')).toEqual(['one']);
    }
  });

  it('leaves nothing of a copy that could not be written, and says why without a path', () => {
    const cache = cacheOf(9);
    const full = Object.assign(new Error(`ENOSPC: no space left on device, write '${folder}'`), { code: 'ENOSPC' });

    expect(() =>
      cache.make(keyOf('one'), BYTES, () => {
        throw full;
      }),
    ).toThrow(/^MODEL_CACHE_DIR cannot be written \(ENOSPC\)$/);
    expect([has(cache, 'one'), readdirSync(join(folder, 'incoming'))]).toEqual([[], []]);
  });

  it('deletes what ended processes left behind, and nothing that is not its own', () => {
    const cache = cacheOf(9);
    for (const name of [`incoming/old`, `incoming/new`, keyOf('broken'), 'photos']) {
      mkdirSync(join(folder, name), { recursive: true });
      if (name !== 'incoming/new') age(name, 2);
    }
    make(cache, 'one');

    expect(readdirSync(join(folder, 'incoming'))).toEqual(['new']);
    expect(readdirSync(folder).sort()).toEqual([keyOf('one'), 'incoming', 'photos'].sort());
  });
});
