import { join } from 'node:path';

import { RunError } from '../../../domain/verdict.js';
import { DiskTimeoutError } from '../../files/disk.js';
import type { Disk } from '../../files/disk.js';
import type { FileSystem } from '../../files/file-system.js';
import { RunFolder, isInside } from '../../local/run-folder.js';
import { askDisk } from './ask-disk.js';
import { StoreUnavailableError } from './mlflow-store.js';
import type { ModelFiles, LoggedModel } from './mlflow-store.js';

/** Text files of a model larger than this are not MLflow's. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/** Where models lie, and what is asked for them. */
interface ModelPlace {
  /** Absolute folder of the store, which a model must lie in once links are followed. */
  readonly root: string;
  readonly disk: Disk;
}

/** A logged model whose files lie on this machine's disk. They are read where they are. */
export class LocalModel implements LoggedModel {
  /**
   * @param folder  absolute.
   * @param modelId  undefined for a model among the artifacts of a run.
   */
  constructor(
    private readonly folder: string,
    private readonly place: ModelPlace,
    readonly modelId: string | undefined = undefined,
  ) {}

  get key(): string {
    return this.folder;
  }

  async readText(path: string): Promise<string | undefined> {
    try {
      const folder = await this.open();
      return (await folder.read(path, MAX_TEXT_BYTES)).toString('utf8');
    } catch (error) {
      if (error instanceof DiskTimeoutError)
        throw new StoreUnavailableError('its disk does not answer.', { cause: error });
      if (error instanceof RunError && error.code === 'ARTIFACT_OUTSIDE_RUN') throw error;
      return undefined;
    }
  }

  readOptionalText(path: string): Promise<string | undefined> {
    return this.readText(path);
  }

  async fetch(): Promise<ModelFiles> {
    try {
      return { path: (await this.open()).path, release: () => undefined };
    } catch (error) {
      if (error instanceof RunError) throw error;
      if (error instanceof DiskTimeoutError)
        throw new RunError('ARTIFACT_UNAVAILABLE', 'The disk that has the logged model does not answer.', {
          cause: error,
        });
      throw new RunError('ARTIFACT_MISSING', 'The folder of the logged model is not there.', { cause: error });
    }
  }

  private open(): Promise<RunFolder> {
    const { root, disk } = this.place;
    return RunFolder.open(this.folder, root, disk);
  }
}

/**
 * The model among a run's artifacts: where the client's tag says, else at the top or one folder below.
 *
 * @param artifacts  absolute folder of the run's artifacts.
 * @param taggedPath  from `loggedArtifactPath`.
 * @throws StoreUnavailableError when the disk does not answer.
 */
export async function findLocalModel(
  artifacts: string,
  taggedPath: string | undefined,
  place: ModelPlace,
): Promise<LocalModel | undefined> {
  const folder = await askDisk(place.disk, artifacts, async (fileSystem) => {
    const paths = taggedPath === undefined ? ['.', ...(await listDirs(fileSystem, artifacts))] : [taggedPath];
    for (const folder of paths.map((path) => join(artifacts, path)))
      if (isInside(folder, artifacts) && (await isFile(fileSystem, join(folder, 'MLmodel')))) return folder;
    return undefined;
  });
  return folder === undefined ? undefined : new LocalModel(folder, place);
}

/** Names of the folders inside, sorted; none when the folder is not there. */
export async function listDirs(fileSystem: FileSystem, folder: string): Promise<string[]> {
  const entries = await fileSystem.entries(folder).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Whether a folder is there and, links followed, inside another. */
export async function isInsideFolder(fileSystem: FileSystem, folder: string, root: string): Promise<boolean> {
  try {
    return isInside(await fileSystem.realpath(folder), await fileSystem.realpath(root));
  } catch {
    return false;
  }
}

async function isFile(fileSystem: FileSystem, path: string): Promise<boolean> {
  return fileSystem.stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
