import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { copyFile, mkdtemp, open as openFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Database } from 'node-sqlite3-wasm';

import { StoreUnavailableError } from '../mlflow-store.js';

/** Retries of a copy that a writer interrupted: the pause before each, milliseconds. */
const TRIES = 20;
const PAUSE_MS = 100;

/** Largest database that is copied, with its log: a file without content on the disk may say that it has terabytes. */
const MAX_COPIED_BYTES = 16 * 1024 ** 3;

const DATABASE_HEADER_BYTES = 100;
const LOG_HEADER_BYTES = 32;

/** Values of one row by column; whole numbers beyond 2^53 are bigint. */
export type SqlRow = Readonly<Record<string, string | number | bigint | null | Uint8Array>>;

/** A database as it was at one moment. */
export interface SqliteSnapshot {
  /** The same for two snapshots when nothing was written between them; compare with `readMark`. */
  readonly mark: string;
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
    const mark = await takeCopy(file, copy);
    const database = await open(copy);
    try {
      return await work({ mark, all: (sql, values = []) => query(database, sql, values) });
    } finally {
      database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * What a snapshot taken now would have as its mark, without copying anything.
 *
 * @param file  absolute.
 * @returns undefined while a transaction is half-written.
 * @throws StoreUnavailableError when the file is not there.
 */
export async function readMark(file: string): Promise<string | undefined> {
  const { hasPendingWrite, mark } = await stateOf(file);
  return hasPendingWrite ? undefined : mark;
}

/** @returns the mark of what was copied. */
async function takeCopy(file: string, copy: string): Promise<string> {
  for (let i = 0; i < TRIES; i++) {
    if (i > 0) await sleep(PAUSE_MS);
    const before = await stateOf(file);
    if (before.hasPendingWrite) continue;
    await copyFile(file, copy, constants.COPYFILE_FICLONE).catch(asUnavailable);
    if (before.hasLog) await copyFile(`${file}-wal`, `${copy}-wal`).catch(ignoreMissing);
    else await rm(`${copy}-wal`, { force: true });
    if ((await stateOf(file)).mark === before.mark) return before.mark;
  }
  throw new StoreUnavailableError('it is being written without a pause (or mlflow.db-journal is left from a crash).');
}

/**
 * A non-empty rollback journal marks a running transaction; a copy taken then would be inconsistent. With a write-ahead
 * log the copy is consistent when neither file changed meanwhile.
 */
async function stateOf(file: string): Promise<{ hasPendingWrite: boolean; hasLog: boolean; mark: string }> {
  const main = await stat(file, { bigint: true }).catch(asUnavailable);
  const log = await stat(`${file}-wal`, { bigint: true }).catch(() => undefined);
  for (const info of [main, log]) if (info) requireCopyable(info);
  const journal = await stat(`${file}-journal`).catch(() => undefined);
  return {
    hasPendingWrite: (journal?.size ?? 0) > 0,
    hasLog: (log?.size ?? 0n) > 0n,
    mark: [main.ino, main.mtimeNs, main.size, log?.mtimeNs, log?.size, journal?.size, await headersOf(file)].join(),
  };
}

/** A pipe would hold a thread of the process until somebody writes to it. @throws StoreUnavailableError. */
function requireCopyable(info: BigIntStats): void {
  if (!info.isFile()) throw new StoreUnavailableError('the database, or its write-ahead log, is not a file.');
  if (info.size <= MAX_COPIED_BYTES) return;
  throw new StoreUnavailableError(`the database has ${info.size} bytes; at most ${MAX_COPIED_BYTES} are copied.`);
}

/**
 * The headers of the database and of its write-ahead log: SQLite counts transactions there, while two of them may fall
 * into one tick of the file system's clock.
 */
async function headersOf(file: string): Promise<string> {
  const headers = [readStart(file, DATABASE_HEADER_BYTES), readStart(`${file}-wal`, LOG_HEADER_BYTES)];
  return (await Promise.all(headers)).join();
}

async function readStart(file: string, length: number): Promise<string> {
  const handle = await openFile(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined);
  if (!handle) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await handle.close();
  }
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
