import { TempFolder, unpackDatabase, unpackFileStore } from './mlflow-fixtures.js';
import type { RecordedVersion } from './mlflow-fixtures.js';
import { MlflowStub } from './mlflow-stub.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { createRunSource } from '../../../src/sources/create-run-source.js';
import type { SourceModel } from '../../../src/sources/run-source.js';

/** The kinds of store that MLflow keeps its records in. */
export const STORE_KINDS = ['server', 'files', 'database'] as const;
export type StoreKind = (typeof STORE_KINDS)[number];

/**
 * All recorded stores of a version, there for the tests of a `describe`.
 *
 * @returns lists the models of one of them, as a newly started process would.
 */
export function useRecordedStores(
  version: RecordedVersion,
): (kind: StoreKind, environment: Readonly<Record<string, string>>) => Promise<SourceModel[]> {
  const folders: TempFolder[] = [];
  let stub: MlflowStub;
  let uris: Record<StoreKind, string>;

  beforeAll(async () => {
    stub = await MlflowStub.start(version);
    const [files, database] = [unpackFileStore(version), unpackDatabase(version)];
    folders.push(files, database);
    uris = { server: stub.url, files: files.path, database: `sqlite:///${database.at('mlflow.db')}` };
  });
  afterAll(async () => {
    await stub.stop();
    folders.forEach((folder) => folder.remove());
  });

  return (kind, environment) => {
    const cache = new TempFolder();
    folders.push(cache);
    const variables = { SOURCES: 'mlflow', MLFLOW_TRACKING_URI: uris[kind], MLFLOW_CACHE_DIR: cache.path };
    return createRunSource(loadConfig({ ...variables, ...environment })).listModels();
  };
}
