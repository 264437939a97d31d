import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { sha256OfFile } from '../../../../lib/digest.js';
import { ArtifactCache } from './artifact-cache.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const FILE_BYTES = 1000;

describe('the cache of downloaded models', () => {
  let folder: TempFolder;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => folder.remove());

  let newManifest: string[] = [];
  beforeEach(() => (newManifest = []));

  /** Has the model of a key, of 1,000 bytes. */
  const open = (cache: ArtifactCache, key: string) =>
    cache.folderOf(key, async (into) => {
      newManifest.push(key);
      const file = join(into, 'model.onnx');
      writeFileSync(file, key.padEnd(FILE_BYTES));
      return [{ path: 'model.onnx', bytes: FILE_BYTES, sha256: await sha256OfFile(file, FILE_BYTES) }];
    });
  const pass = (days: number) => {
    for (const part of ['keys', 'incoming']) {
      for (const name of readdirSync(folder.at(part))) {
        const then = new Date(Date.now() - days * DAY_MS);
        utimesSync(folder.at(part, name), then, then);
      }
    }
  };
  const kept = () => readdirSync(folder.at('folders')).length;

  it('deletes what was needed least recently when it grows too large', async () => {
    const cache = new ArtifactCache(folder.path, 2 * FILE_BYTES);
    (await open(cache, 'first')).release();
    pass(3);
    (await open(cache, 'second')).release();
    (await open(cache, 'third')).release();

    expect(kept()).toBe(2);
    expect(readdirSync(folder.at('keys'))).toHaveLength(2);
    await open(cache, 'first');
    expect(newManifest).toEqual(['first', 'second', 'third', 'first']);
  });

  it('keeps what is held, by itself or by another process, however old it is', async () => {
    const [cache, other] = [new ArtifactCache(folder.path, 1), new ArtifactCache(folder.path, 1)];
    await open(cache, 'held here');
    await open(other, 'held there');
    pass(3);
    await other.renewLeases();

    (await open(cache, 'one more')).release();

    expect(kept()).toBe(3);
  });

  it('keeps what was needed within a day, although it is too much', async () => {
    const cache = new ArtifactCache(folder.path, 1);
    (await open(cache, 'first')).release();
    (await open(cache, 'second')).release();

    expect(kept()).toBe(2);
  });

  it('deletes what a process that crashed had begun to fetch, and not what is being fetched', async () => {
    const cache = new ArtifactCache(folder.path, 10 * FILE_BYTES);
    folder.write('incoming/left-behind/model.onnx', 'half');
    folder.write('incoming/under-way/model.onnx', 'half');
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    utimesSync(folder.at('incoming', 'left-behind'), longAgo, longAgo);

    await open(cache, 'first');

    expect(readdirSync(folder.at('incoming'))).toEqual(['under-way']);
  });

  it('fetches once for all who ask at the same time, and holds it for each', async () => {
    const cache = new ArtifactCache(folder.path, 1);
    const [one, two] = await Promise.all([open(cache, 'same'), open(cache, 'same')]);
    one.release();
    one.release();
    pass(3);
    (await open(cache, 'other')).release();

    expect(newManifest).toEqual(['same', 'other']);
    expect(kept()).toBe(2);
    two.release();
    pass(3);
    (await open(cache, 'third')).release();
    expect(kept()).toBe(1);
  });
});
