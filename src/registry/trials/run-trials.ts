import { Inject, Injectable, Optional } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';

import type { FileReference } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import { beforeEnd } from '../../lib/before-end.js';
import { TrialHost } from '../../engines/trial/trial-host.js';
import { RunTrial } from './run-trial.js';
import { TrialRecords, trialSubject } from './trial-records.js';
import type { TrialSubject } from './trial-records.js';
import { rememberedError } from './trial-verdict.js';

/** Runs whose memory is remembered; those measured last. */
const MAX_MEASURED = 1_000;

/**
 * Tries runs in processes of their own before anything loads them that serves. What a run did there is remembered in the
 * state of its model, before the trial and after it, so that nothing is tried again that ended a process.
 */
@Injectable()
export class RunTrials implements OnApplicationShutdown {
  private readonly pending = new Set<RunTrial>();
  /** Memory that runs took in trials they passed, bytes, by their digests. */
  private readonly measured = new Map<string, number>();
  private readonly dropWork = beforeEnd(() => this.breakOff());

  constructor(
    private readonly records: TrialRecords,
    /** Null where runs are tried in the threads that serve. */
    @Optional() @Inject(TrialHost) private readonly host: TrialHost | null = null,
  ) {}

  /**
   * Begins a trial; waits until there is a process for it.
   *
   * @param run  as it was found in the store.
   * @param files  those that the run itself does not list.
   * @param requireMemory  throws when there is no room where the run is to serve; gets what it took in an earlier trial.
   * @returns undefined where runs are tried in the threads that serve.
   * @throws RunError TRIAL_TIMED_OUT, TRIAL_DIED, TRIAL_TOO_LARGE when the run failed before; what
   *   `requireMemory` throws.
   */
  async begin(
    model: string,
    run: Run,
    files: readonly FileReference[],
    requireMemory: (measuredBytes: number | undefined) => Promise<void>,
  ): Promise<RunTrial | undefined> {
    const { host, records } = this;
    if (!host) return undefined;
    const subject = trialSubject(model, run, files, host.limits);
    const before = await records.find(subject);
    if (before?.final) throw rememberedError(before);
    await requireMemory(this.measured.get(subject.digest));
    // A second failure counts only if nothing was tried beside it.
    const lease = await host.lease({ alone: before !== undefined && before.times > 0 });
    const trial: RunTrial = new RunTrial(lease, subject, before, records, host.limits, {
      onMeasured: (bytes) => this.measure(subject, bytes),
      onOver: () => this.pending.delete(trial),
    });
    this.pending.add(trial);
    await records.begin(subject, before);
    return trial;
  }

  /** Remembers what a run took, until the process ends. */
  private measure({ digest }: TrialSubject, bytes: number): void {
    this.measured.delete(digest);
    this.measured.set(digest, bytes);
    if (this.measured.size > MAX_MEASURED) this.measured.delete(this.measured.keys().next().value!);
  }

  /** Forgets what is remembered of a run, so that it is tried again. */
  async forget(model: string, runId: string): Promise<void> {
    await this.records.forget(model, runId);
  }

  async onApplicationShutdown(): Promise<void> {
    this.dropWork();
    await this.host?.close();
    await this.breakOff();
  }

  /** A stop is no fault of the runs that are tried at that moment. */
  private async breakOff(): Promise<void> {
    await Promise.all([...this.pending].map((trial) => trial.breakOff()));
  }
}
