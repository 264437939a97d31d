import promises from 'node:fs/promises';

import { Database } from 'node-sqlite3-wasm';

import { unpackDatabase } from '../../../../../test/support/stores/mlflow-fixtures.js';
import type { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { loadConfig } from '../../../../config/load-config.js';
import { createRunSource } from '../../../create-run-source.js';
import type { RunSource } from '../../../run-source.js';

describe('looking again at mlflow.db', () => {
  let folder: TempFolder;
  let source: RunSource;
  let copies: number;

  beforeEach(() => {
    folder = unpackDatabase('3');
    source = createRunSource(
      loadConfig({
        SOURCES: 'mlflow',
        MLFLOW_TRACKING_URI: `sqlite:///${folder.at('mlflow.db')}`,
        MLFLOW_EXPERIMENTS: 'adder',
      }),
    );
    copies = 0;
    const { copyFile } = promises;
    jest.spyOn(promises, 'copyFile').mockImplementation((...files) => {
      copies += 1;
      return copyFile(...files);
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    folder.remove();
  });

  const change = (sql: string) => {
    const database = new Database(folder.at('mlflow.db'));
    database.exec(sql);
    database.close();
  };
  const look = async () => (await source.listModels()).flatMap(({ runs }) => runs);

  it('copies it once as long as nobody writes to it, and finds the very same runs', async () => {
    const first = await look();
    const [second, third] = [await look(), await look()];

    expect(copies).toBe(1);
    expect(first.length).toBeGreaterThan(3);
    first.forEach((run, i) => expect([second[i] === run, third[i] === run]).toEqual([true, true]));
  });

  it('copies it again after each change, also one that leaves its size as it was', async () => {
    const names = async () => (await look()).map(({ run }) => run?.name);
    expect(await names()).toContain('best');

    change("UPDATE runs SET name='tseb' WHERE name='best'; UPDATE tags SET value='tseb' WHERE value='best'");

    expect(await names()).toContain('tseb');
    expect(copies).toBe(2);
  });

  it('copies it at most once more for what nobody has asked before', async () => {
    const first = await look();
    const skippedRun = first.filter(({ reasons }) => reasons[0]?.code === 'NOT_EXAMINED');
    const needed = new Set(skippedRun.map(({ location }) => location.split('/').at(-1)!));
    source.useExaminationHints(() => Promise.resolve({ mustExamine: needed, skip: new Set() }));

    await look();
    await look();

    expect(copies).toBeLessThanOrEqual(2);
  });
});
