import type { MlflowRegisteredModel, MlflowStore, MlflowVersion } from '../store/mlflow-store.js';

/** Copies of copies of a version that are followed. */
const MAX_COPY_DEPTH = 5;

/**
 * Versions that are copies of others (`MlflowClient.copy_model_version`): such a one only says of which, and the files
 * are that one's. The models they were copied from are read once; made anew for each listing.
 */
export class VersionSources {
  private readonly models = new Map<string, Promise<MlflowRegisteredModel | undefined>>();

  constructor(private readonly store: MlflowStore) {}

  /** The version itself when it is no copy, or its original is gone. @throws StoreUnavailableError. */
  async originalOf(version: MlflowVersion): Promise<MlflowVersion> {
    let original = version;
    for (let depth = 0; depth < MAX_COPY_DEPTH; depth += 1) {
      const [, name, number] = /^models:\/+([^/]+)\/(\d+)\/?$/.exec(original.source) ?? [];
      const model = name === undefined ? undefined : await this.modelOf(name);
      const next = model?.versions.find((each) => each.version === Number(number));
      if (!next) break;
      original = next;
    }
    return original;
  }

  private modelOf(name: string): Promise<MlflowRegisteredModel | undefined> {
    const known = this.models.get(name) ?? this.store.findRegisteredModel(name);
    this.models.set(name, known);
    return known;
  }
}
