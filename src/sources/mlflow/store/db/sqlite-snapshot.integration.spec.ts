import { copyFileSync, readdirSync, rmSync } from 'node:fs';

import { Database } from 'node-sqlite3-wasm';

import { TempFolder } from '../../../../../test/support/stores/mlflow-fixtures.js';
import { StoreUnavailableError } from '../mlflow-store.js';
import { withSnapshot } from './sqlite-snapshot.js';

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
});
