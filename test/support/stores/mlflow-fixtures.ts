import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Database } from 'node-sqlite3-wasm';

/** Versions of MLflow whose stores were recorded (test/fixtures/mlflow/record-fixtures.mjs). */
export type RecordedVersion = '2' | '3';

type PackedFiles = Record<string, string | { base64: string }>;

/** A temporary folder that a test fills and removes. */
export class TempFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'bestrun-mlflow-test-'));

  /** Absolute path of something inside. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const read = (file: string) =>
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'fixtures', 'mlflow', file), 'utf8')) as unknown;

function fromPayload(files: PackedFiles, folder: TempFolder): void {
  for (const [path, content] of Object.entries(files)) {
    folder.write(path, typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'));
  }
}

/** The recorded file store, its experiment folders directly inside. */
export function unpackFileStore(version: RecordedVersion): TempFolder {
  const folder = new TempFolder();
  fromPayload(read(`files-${version}.json`) as PackedFiles, folder);
  return folder;
}

/** The recorded `mlflow.db` with its `mlruns`. */
export function unpackDatabase(version: RecordedVersion): TempFolder {
  const folder = new TempFolder();
  const { sql, files } = read(`db-${version}.json`) as { sql: string[]; files: PackedFiles };
  fromPayload(files, folder);
  const database = new Database(folder.at('mlflow.db'));
  // One transaction: otherwise each of the 200 statements waits for the disk.
  database.exec(['BEGIN;', ...sql, 'COMMIT;'].join('\n'));
  database.close();
  return folder;
}

/** An answer of the recorded server. */
export interface RecordedAnswer {
  readonly status: number;
  readonly text?: string;
  readonly base64?: string;
}

/** The recorded server's answers by `METHOD url body`. */
export function recordedAnswers(version: RecordedVersion): Map<string, RecordedAnswer> {
  return new Map(Object.entries(read(`server-${version}.json`) as Record<string, RecordedAnswer>));
}
