import { Disk } from '../../files/disk.js';
import { LocalModel, findLocalModel } from './local-model.js';
import { MlflowStore, loggedArtifactPath } from './mlflow-store.js';
import type { LoggedModel, MlflowRun } from './mlflow-store.js';

/** A store whose artifacts lie on this machine's disk, and are read where they are. */
export abstract class DiskStore extends MlflowStore {
  /**
   * @param root  absolute folder that all artifacts must lie in once links are followed.
   * @param disk  asked for everything that lies in it.
   */
  constructor(
    readonly root: string,
    readonly disk = new Disk(),
  ) {
    super();
  }

  async findModelOfRun(run: MlflowRun): Promise<LoggedModel | undefined> {
    return this.findModelIn(run, loggedArtifactPath(run.tags));
  }

  async findModelAt(runId: string, path: string, run: MlflowRun | undefined): Promise<LoggedModel | undefined> {
    const owner = run?.id === runId ? run : await this.findRun(runId);
    return owner && this.findModelIn(owner, path);
  }

  async readRunFile(run: MlflowRun, path: string): Promise<string | undefined> {
    const artifacts = await this.artifactsOf(run);
    return artifacts === undefined ? undefined : new LocalModel(artifacts, this).readText(path);
  }

  /** Absolute folder of a run's artifacts; undefined when it is not here. */
  protected abstract artifactsOf(run: MlflowRun): Promise<string | undefined>;

  private async findModelIn(run: MlflowRun, path: string | undefined): Promise<LoggedModel | undefined> {
    const artifacts = await this.artifactsOf(run);
    return artifacts === undefined ? undefined : findLocalModel(artifacts, path, this);
  }
}
