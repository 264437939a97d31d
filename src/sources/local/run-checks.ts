import type { RunCheck, SourceRun } from '../run-source.js';
import type { RunLocation } from './run-cache.js';
import type { CheckProgress, ReadRequest } from './run-reader.js';

/** Reads one run folder; rejects only when it was stopped. */
export type ReadRun = (location: RunLocation, request: ReadRequest) => Promise<SourceRun>;

/** The check of a run that takes long. */
interface RunningCheck {
  /** Of the folder as it is read. */
  readonly fingerprint: string | undefined;
  readonly location: string;
  readonly startedAt: Date;
  readonly stop: AbortController;
  /** What is known of the run meanwhile; undefined until its check turned out to take long. */
  draft: SourceRun | undefined;
  progress: () => CheckProgress;
  /** Once it has ended. */
  result: SourceRun | undefined;
}

/** Checks of runs that nobody waits for: their results are taken when they are there. */
export class RunChecks {
  private readonly byPath = new Map<string, RunningCheck>();
  private listeners: (() => void)[] = [];

  constructor(private readonly read: ReadRun) {}

  find(path: string): RunningCheck | undefined {
    return this.byPath.get(path);
  }

  /** Runs whose result is not there yet. */
  list(): RunCheck[] {
    const running = [...this.byPath.values()].filter(({ draft, result }) => draft !== undefined && !result);
    return running.map(({ location, startedAt, progress }) => ({ location, startedAt, ...progress() }));
  }

  /** Resolves when one of the checks has ended; at once when none is running, or a result is there already. */
  nextEnd(): Promise<void> {
    const hasResult = [...this.byPath.values()].some(({ result }) => result !== undefined);
    if (hasResult || this.list().length === 0) return Promise.resolve();
    return new Promise((resolve) => this.listeners.push(resolve));
  }

  /** @returns the run when it could be read at once; undefined when its check goes on. */
  start(location: RunLocation, fingerprint: string | undefined): Promise<SourceRun | undefined> {
    const { path } = location;
    this.stop(path);
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const check: RunningCheck = {
        fingerprint,
        location: location.location,
        startedAt: new Date(),
        stop,
        draft: undefined,
        progress: () => ({ bytes: 0, totalBytes: 0 }),
        result: undefined,
      };
      this.byPath.set(path, check);
      const onSlow: ReadRequest['onSlow'] = (draft, progress) => {
        Object.assign(check, { draft, progress });
        resolve(undefined);
      };
      this.read(location, { fingerprint, onSlow, signal: stop.signal }).then(
        (sourceRun) => {
          if (check.draft) return this.end(check, sourceRun);
          this.byPath.delete(path);
          resolve(sourceRun);
        },
        (error: Error) => {
          if (this.byPath.get(path) === check) this.byPath.delete(path);
          this.tell();
          reject(error);
        },
      );
    });
  }

  /** Stops the check of a folder, if there is one, and forgets its result. */
  stop(path: string): void {
    this.byPath.get(path)?.stop.abort();
    this.byPath.delete(path);
  }

  /** Stops those of all other folders: they are gone. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of [...this.byPath.keys()]) if (!paths.has(path)) this.stop(path);
  }

  close(): void {
    this.retain(new Set());
    this.tell();
  }

  private end(check: RunningCheck, result: SourceRun): void {
    check.result = result;
    this.tell();
  }

  private tell(): void {
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) listener();
  }
}
