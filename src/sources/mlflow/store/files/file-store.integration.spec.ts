import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { HangingDisk } from '../../../../../test/support/stores/hanging-disk.js';
import { unpackDatabase, unpackFileStore } from '../../../../../test/support/stores/mlflow-fixtures.js';
import type { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { until } from '../../../../../test/support/until.js';
import { loadConfig } from '../../../../config/load-config.js';
import { Disk } from '../../../files/disk.js';
import { MlflowRunSource } from '../../listing/mlflow-run-source.js';
import { DbStore } from '../db/db-store.js';
import { FileStore } from './file-store.js';

/** An experiment and one of its runs, the names of their folders. */
function pathOfRun(root: string): string[] {
  const isFolder = (...path: string[]) => statSync(join(root, ...path)).isDirectory();
  const experiment = readdirSync(root).find((name) => /^\d{2,}$/.test(name) && isFolder(name))!;
  return [experiment, readdirSync(join(root, experiment)).find((name) => /^[\da-f]{32}$/.test(name))!];
}

const HANGS = 'MLflow cannot be read: its disk does not answer.';

describe('a store of MLflow on a disk that stops answering', () => {
  let folder: TempFolder;
  let hanging: HangingDisk;
  beforeEach(() => (hanging = new HangingDisk()));
  afterEach(() => {
    hanging.release();
    folder.remove();
  });

  const makeDisk = () => new Disk({ timeoutMs: 60_000, fileSystem: hanging.fileSystem });
  const hang = (disk: Disk, place: string) => {
    Object.assign(disk, { timeoutMs: 20 });
    hanging.hang(place);
  };
  const sourceOf = (store: FileStore | DbStore) => new MlflowRunSource(store, loadConfig({}).mlflow);
  const idsIn = async (source: MlflowRunSource) =>
    (await source.listModels()).flatMap(({ runs }) => runs.map(({ run }) => run!.run_id));

  it.each([
    ['the whole folder', (_root: string) => []],
    ['one run', pathOfRun],
  ])('counts as it was read last, and is asked once until it answers: %s', async (_what, placeIn) => {
    folder = unpackFileStore('3');
    const disk = makeDisk();
    const source = sourceOf(new FileStore(folder.path, disk));
    const known = await idsIn(source);
    expect(known.length).toBeGreaterThan(1);

    hang(disk, folder.at(...placeIn(folder.path)));
    expect(await idsIn(source)).toEqual(known);
    expect(source.statuses[0]!.problem).toBe(HANGS);
    const { length } = hanging.asked;
    expect(await idsIn(source)).toEqual(known);
    expect(hanging.asked).toHaveLength(length);

    hanging.release();
    await until(() => disk.hungPlaces.length === 0);
    Object.assign(disk, { timeoutMs: 60_000 });
    // On a busy machine a sound place may have been given up, too: it is asked again.
    await until(async () => (await idsIn(source)).length > 0 && source.statuses[0]!.problem === undefined);
  });

  it('is not copied while its folder does not answer', async () => {
    folder = unpackDatabase('3');
    const disk = makeDisk();
    const source = sourceOf(new DbStore(folder.at('mlflow.db'), disk));
    const known = await idsIn(source);

    hang(disk, folder.path);

    expect(await idsIn(source)).toEqual(known);
    expect(source.statuses[0]!.problem).toBe(HANGS);
  });
});
