import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { RunError } from '../../../domain/verdict.js';
import { readRegularFile } from '../../files/file-system.js';
import { RunFolder, isInside } from '../../local/run-folder.js';
import type { ModelFiles, LoggedModel } from './mlflow-store.js';

/** Text files of a model larger than this are not MLflow's. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/** A logged model whose files lie on this machine's disk. They are read where they are. */
export class LocalModel implements LoggedModel {
  /**
   * @param folder  absolute.
   * @param root    absolute folder of the store, which the model must lie in once links are followed.
   * @param modelId  undefined for a model among the artifacts of a run.
   */
  constructor(
    private readonly folder: string,
    private readonly root: string,
    readonly modelId: string | undefined = undefined,
  ) {}

  get key(): string {
    return this.folder;
  }

  async readText(path: string): Promise<string | undefined> {
    try {
      const folder = await RunFolder.open(this.folder, this.root);
      const file = await folder.resolve(path);
      return (await readRegularFile(file, MAX_TEXT_BYTES)).toString('utf8');
    } catch (error) {
      if (error instanceof RunError && error.code === 'ARTIFACT_OUTSIDE_RUN') throw error;
      return undefined;
    }
  }

  readOptionalText(path: string): Promise<string | undefined> {
    return this.readText(path);
  }

  async fetch(): Promise<ModelFiles> {
    try {
      return { path: (await RunFolder.open(this.folder, this.root)).path, release: () => undefined };
    } catch (error) {
      if (error instanceof RunError) throw error;
      throw new RunError('ARTIFACT_MISSING', 'The folder of the logged model is not there.', { cause: error });
    }
  }
}

/**
 * The model among a run's artifacts: where the client's tag says, else at the top or one folder below.
 *
 * @param artifacts  absolute folder of the run's artifacts.
 * @param taggedPath  from `loggedArtifactPath`.
 */
export async function findLocalModel(
  artifacts: string,
  taggedPath: string | undefined,
  root: string,
): Promise<LocalModel | undefined> {
  const paths = taggedPath === undefined ? ['.', ...(await listDirs(artifacts))] : [taggedPath];
  for (const path of paths) {
    const folder = join(artifacts, path);
    if (isInside(folder, artifacts) && (await isFile(join(folder, 'MLmodel')))) return new LocalModel(folder, root);
  }
  return undefined;
}

/** Names of the folders inside, sorted; none when the folder is not there. */
export async function listDirs(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Whether a folder is there and, links followed, inside another. */
export async function isInsideFolder(folder: string, root: string): Promise<boolean> {
  try {
    return isInside(await realpath(folder), await realpath(root));
  } catch {
    return false;
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
