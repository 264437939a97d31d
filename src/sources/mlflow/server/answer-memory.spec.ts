import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { TempFolder } from '../../../../test/support/mlflow-fixtures.js';
import { AnswerMemory } from './answer-memory.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the memory of answers', () => {
  let folder: TempFolder;
  beforeEach(() => {
    folder = new TempFolder();
  });
  afterEach(() => folder.remove());

  const remember = async (memory: AnswerMemory, key: string) => {
    memory.note(key, { text: key });
    await memory.commit();
  };
  const letDaysPass = () => {
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    for (const name of readdirSync(folder.path)) utimesSync(join(folder.path, name), longAgo, longAgo);
  };

  it('keeps what this process has needed once, however long it goes on', async () => {
    const memory = new AnswerMemory(folder.path);
    await remember(memory, 'the MLmodel of the best run');
    letDaysPass();

    await remember(memory, 'the list of runs');

    const restarted = new AnswerMemory(folder.path);
    expect(await restarted.find('the MLmodel of the best run')).toEqual({ text: 'the MLmodel of the best run' });
  });

  it('keeps what another process over the same folder goes on needing', async () => {
    const [mine, theirs] = [new AnswerMemory(folder.path), new AnswerMemory(folder.path)];
    await remember(theirs, 'theirs');
    letDaysPass();
    await theirs.commit();

    await remember(mine, 'mine');

    expect(await mine.find('theirs')).toEqual({ text: 'theirs' });
  });

  it('forgets what nobody has needed for a day', async () => {
    await remember(new AnswerMemory(folder.path), 'of an experiment that is gone');
    letDaysPass();

    const restarted = new AnswerMemory(folder.path);
    await remember(restarted, 'the list of runs');

    expect(await restarted.find('of an experiment that is gone')).toBeUndefined();
    expect(await restarted.find('the list of runs')).toEqual({ text: 'the list of runs' });
  });
});
