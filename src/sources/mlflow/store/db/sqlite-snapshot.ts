import { constants } from 'node:fs';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Database } from 'node-sqlite3-wasm';

import { StoreUnavailableError } from '../mlflow-store.js';

/** Retries of a copy that a writer interrupted: the pause before each, milliseconds. */
const TRIES = 20;
const PAUSE_MS = 100;

/** Values of one row by column; whole numbers beyond 2^53 are bigint. */
export type SqlRow = Readonly<Record<string, string | number | bigint | null | Uint8Array>>;

/** A database as it was at one moment. */
export interface SqliteSnapshot {
  /** All rows of a query. */
  all(sql: string, values?: readonly (string | number)[]): SqlRow[];
}

/**
 * Runs `work` on a copy of a SQLite database, so that neither its writer nor this reader waits for the other. The copy
 * is taken between transactions and includes the write-ahead log.
 *
 * @param file  absolute.
 * @throws StoreUnavailableError when the file does not exist, is no database, or is in a transaction for too long.
 */
export async function withSnapshot<T>(file: string, work: (snapshot: SqliteSnapshot) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bestrun-mlflow-'));
  try {
    const copy = join(folder, 'mlflow.db');
    await takeCopy(file, copy);
    const database = await open(copy);
    try {
      return await work({ all: (sql, values = []) => query(database, sql, values) });
    } finally {
      database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function takeCopy(file: string, copy: string): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    if (i > 0) await sleep(PAUSE_MS);
    const before = await stateOf(file);
    if (before.hasPendingWrite) continue;
    await copyFile(file, copy, constants.COPYFILE_FICLONE).catch(asUnavailable);
    if (before.hasLog) await copyFile(`${file}-wal`, `${copy}-wal`).catch(ignoreMissing);
    else await rm(`${copy}-wal`, { force: true });
    if ((await stateOf(file)).mark === before.mark) return;
  }
  throw new StoreUnavailableError('it is being written without a pause (or mlflow.db-journal is left from a crash).');
}

/**
 * A non-empty rollback journal marks a running transaction; a copy taken then would be inconsistent. With a write-ahead
 * log the copy is consistent when neither file changed meanwhile.
 */
async function stateOf(file: string): Promise<{ hasPendingWrite: boolean; hasLog: boolean; mark: string }> {
  const main = await stat(file).catch(asUnavailable);
  const log = await stat(`${file}-wal`).catch(() => undefined);
  const journal = await stat(`${file}-journal`).catch(() => undefined);
  return {
    hasPendingWrite: (journal?.size ?? 0) > 0,
    hasLog: (log?.size ?? 0) > 0,
    mark: [main.mtimeMs, main.size, log?.mtimeMs, log?.size, journal?.size].join(),
  };
}

async function open(file: string): Promise<Database> {
  // Loaded on first use: other stores do not load the WebAssembly module.
  const { Database } = (await import('node-sqlite3-wasm')).default;
  const database = new Database(file);
  try {
    // The copy has one user, so the log can be read without shared memory, which WebAssembly lacks.
    database.exec('PRAGMA locking_mode=EXCLUSIVE');
    database.all('SELECT count(*) FROM sqlite_master');
    return database;
  } catch (error) {
    database.close();
    throw new StoreUnavailableError('it is no SQLite database, or a damaged one.', { cause: error });
  }
}

function query(database: Database, sql: string, values: readonly (string | number)[]): SqlRow[] {
  try {
    return database.all(sql, [...values]) as SqlRow[];
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown';
    throw new StoreUnavailableError(`it is not a database of MLflow 2 or 3 (${message}).`, { cause: error });
  }
}

function asUnavailable(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  throw new StoreUnavailableError(`the file cannot be read (${code ?? 'unknown'}).`, { cause: error });
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
