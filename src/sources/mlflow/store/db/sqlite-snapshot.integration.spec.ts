import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

import { Database } from 'node-sqlite3-wasm';

import { itOnPosix } from '../../../../../test/support/posix.js';
import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { StoreUnavailableError } from '../mlflow-store.js';
import { readMark, withSnapshot } from './sqlite-snapshot.js';

describe('a snapshot of a database', () => {
  const folder = new TempFolder();
  afterAll(() => folder.remove());

  const count = (file: string) =>
    withSnapshot(file, (snapshot) => Promise.resolve(snapshot.all('SELECT count(*) AS n FROM t')[0]!.n));

  it('holds what lies in the write-ahead log of a writer that is still there, and leaves no file behind', async () => {
    const writer = new Database(folder.at('writing.db'));
    writer.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0');
    writer.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)');
    for (const suffix of ['', '-wal']) copyFileSync(folder.at(`writing.db${suffix}`), folder.at(`live.db${suffix}`));
    writer.close();
    const before = readdirSync(folder.path);

    expect(await count(folder.at('live.db'))).toBe(2);
    expect(readdirSync(folder.path)).toEqual(before);
    rmSync(folder.at('live.db-wal'));
    await expect(count(folder.at('live.db'))).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it('waits for a transaction that is half-written', async () => {
    const database = new Database(folder.at('midway.db'));
    database.exec('CREATE TABLE t(x)');
    database.close();
    folder.write('midway.db-journal', 'not yet');
    setTimeout(() => rmSync(folder.at('midway.db-journal')), 250);

    expect(await count(folder.at('midway.db'))).toBe(0);
  });

  it('says that a transaction does not end, that the file is no database, or is not there', async () => {
    folder.write('stuck.db-journal', 'for ever');
    copyFileSync(folder.at('midway.db'), folder.at('stuck.db'));
    folder.write('text.db', 'no database');

    await expect(count(folder.at('stuck.db'))).rejects.toThrow(/journal/);
    await expect(count(folder.at('text.db'))).rejects.toThrow(/no SQLite database/);
    await expect(count(folder.at('nowhere.db'))).rejects.toThrow(/ENOENT/);
  });

  itOnPosix.each(['', '-wal'])(
    'refuses a pipe in place of the database%s, without waiting for its writer',
    async (suffix) => {
      const name = `piped${suffix || '-itself'}.db`;
      copyFileSync(folder.at('midway.db'), folder.at(name));
      rmSync(folder.at(`${name}${suffix}`), { force: true });
      spawnSync('mkfifo', [folder.at(`${name}${suffix}`)]);

      await expect(count(folder.at(name))).rejects.toThrow(/is not a file/);
      await expect(readMark(folder.at(name))).rejects.toBeInstanceOf(StoreUnavailableError);
    },
  );

  it('copies no file that says it has terabytes', async () => {
    writeFileSync(folder.at('vast.db'), 'SQLite format 3\0');
    truncateSync(folder.at('vast.db'), 200 * 1024 ** 3);

    await expect(count(folder.at('vast.db'))).rejects.toThrow(/has 214748364800 bytes; at most 17179869184 are copied/);
  });
});
