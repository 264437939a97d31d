import type { MlflowRegisteredModel, MlflowStore, MlflowVersion } from '../store/mlflow-store.js';

/** Maximum number of copies followed to the original version. */
const MAX_COPY_DEPTH = 5;

/**
 * Resolves versions that are copies of others (`MlflowClient.copy_model_version`): a copy only names its original,
 * which has the files. Each original is read once; made anew for each listing.
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
