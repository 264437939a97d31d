import { readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { fillDisk } from '../../../../../test/support/stores/full-disk.js';
import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { ResponseCache } from './response-cache.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the memory of answers', () => {
  let folder: TempFolder;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    folder.remove();
  });

  const remember = async (memory: ResponseCache, key: string) => {
    memory.add(key, { text: key });
    await memory.commit();
  };
  const read = async (memory: ResponseCache, pending: Readonly<Record<string, string>>) => {
    for (const [key, text] of Object.entries(pending)) memory.add(key, { text });
    await memory.commit();
  };
  const letDaysPass = () => {
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    for (const name of readdirSync(folder.path)) utimesSync(join(folder.path, name), longAgo, longAgo);
  };

  it('keeps what this process has needed once, however long it goes on', async () => {
    const memory = new ResponseCache(folder.path);
    await remember(memory, 'the MLmodel of the best run');
    letDaysPass();

    await remember(memory, 'the list of runs');

    const restarted = new ResponseCache(folder.path);
    expect(await restarted.find('the MLmodel of the best run')).toEqual({ text: 'the MLmodel of the best run' });
  });

  it('keeps what another process over the same folder goes on needing', async () => {
    const [mine, theirs] = [new ResponseCache(folder.path), new ResponseCache(folder.path)];
    await remember(theirs, 'theirs');
    letDaysPass();
    await theirs.commit();

    await remember(mine, 'mine');

    expect(await mine.find('theirs')).toEqual({ text: 'theirs' });
  });

  it.each([0, 1, 2])(
    'has the words of every run that it lists, when the disk was full after %i files',
    async (left) => {
      const memory = new ResponseCache(folder.path);
      await read(memory, { list: 'run 1', 'words of 1': '1' });
      fillDisk(folder.path, left);

      await read(memory, { list: 'run 2', 'words of 2': '2', 'example of 2': '2' });

      const restarted = new ResponseCache(folder.path);
      const listed = (await restarted.find('list'))!.text!.slice(-1);
      expect(await restarted.find(`words of ${listed}`)).toEqual({ text: listed });
      expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
  );

  it('says while it cannot be written, and keeps all of the next reading when it can', async () => {
    const memory = new ResponseCache(folder.path);
    fillDisk(folder.path);
    await remember(memory, 'the list of runs');
    const { writeFailure: problem } = memory;
    jest.restoreAllMocks();

    await remember(memory, 'the list of runs');

    expect([problem, memory.writeFailure]).toEqual(['ENOSPC', undefined]);
    expect(await new ResponseCache(folder.path).find('the list of runs')).toEqual({ text: 'the list of runs' });
  });

  it('has all of the next reading when somebody deleted its files', async () => {
    const memory = new ResponseCache(folder.path);
    await remember(memory, 'the list of runs');
    for (const name of readdirSync(folder.path)) rmSync(folder.at(name));

    await remember(memory, 'the list of runs');

    expect(await new ResponseCache(folder.path).find('the list of runs')).toEqual({ text: 'the list of runs' });
  });

  it('forgets what nobody has needed for a day', async () => {
    await remember(new ResponseCache(folder.path), 'of an experiment that is gone');
    letDaysPass();

    const restarted = new ResponseCache(folder.path);
    await remember(restarted, 'the list of runs');

    expect(await restarted.find('of an experiment that is gone')).toBeUndefined();
    expect(await restarted.find('the list of runs')).toEqual({ text: 'the list of runs' });
  });
});
