import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { loadConfig } from '../../src/config/load-config.js';
import type { VerdictCode } from '../../src/domain/verdict.js';
import { createModelHost } from '../../src/engines/pool/create-model-host.js';
import { registerRuns } from '../../src/registry/refresh/register-runs.js';
import { RunLoader } from '../../src/registry/loading/run-loader.js';
import type { RunSource, SourceModel, SourceRun } from '../../src/sources/run-source.js';

/** What a source's spec brings: a store with the model `adder`, whose runs add `a` and `b` to `sum`. */
export interface RunSourceSubject {
  /** A source of the same store each time, as a newly started process would make it. */
  readonly makeSource: () => RunSource;
  /** Names of the runs that can be loaded, best first by f1, then those without a number. */
  readonly servable: readonly string[];
  /** Names of runs that are listed and cannot, with the first reason. */
  readonly unservable: Readonly<Record<string, VerdictCode>>;
  /** Names of runs that were deleted. */
  readonly deleted?: readonly string[];
  /** Makes the store unreadable. */
  readonly takeAway: () => Promise<void> | void;
  /** Damages the words of the best run, where its files can be reached. */
  readonly damageBest?: () => void;
}

/** The rules that every source keeps. */
export function describeRunSource(name: string, setUp: () => Promise<RunSourceSubject> | RunSourceSubject): void {
  describe(`${name} as a source of runs`, () => {
    let subject: RunSourceSubject;
    const host = createModelHost({ threads: 1, maxQueuedPerModel: 10, maxBatchRows: 100, loadTimeoutMs: 10_000 });

    beforeEach(async () => {
      subject = await setUp();
    });
    afterAll(() => host.close());

    const list = async (source = subject.makeSource()): Promise<SourceModel> => {
      const models = await source.listModels();
      expect(models.map(({ card }) => card?.name)).toContain('adder');
      return models.find(({ card }) => card?.name === 'adder')!;
    };
    const runNamed = (model: SourceModel, name: string): SourceRun => {
      const found = model.runs.filter(({ run }) => run?.name === name);
      expect(found).toHaveLength(1);
      return found[0]!;
    };
    const load = (sourceRun: SourceRun) => new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);

    it('gives the model a card that says which run is best', async () => {
      const { card, issues } = await list();

      expect(issues).toEqual([]);
      expect(card).toMatchObject({ name: 'adder', selection: { metric: 'f1', goal: 'maximize' } });
    });

    it('ranks the runs that can be served by their metric', async () => {
      const model = await list();

      const { runs } = await registerRuns(model.card!, model.runs, new Map());

      expect(runs.filter(({ verdict }) => verdict.eligible).map(({ run }) => run.name)).toEqual(
        subject.servable.filter((name) => Object.hasOwn(runNamed(model, name).run!.metrics, 'f1')),
      );
    });

    it('says of each other run what is wrong and what to do', async () => {
      const model = await list();

      for (const [name, code] of Object.entries(subject.unservable)) {
        const { reasons } = runNamed(model, name);
        expect([name, reasons[0]?.code]).toEqual([name, code]);
        expect(reasons[0]!.message).toMatch(/^[A-Z"].*\.$/);
        expect(reasons[0]!.fix).toMatch(/^[A-Z].*\.$/);
        expect(JSON.stringify(reasons)).not.toMatch(/node_modules|bestrun-/);
      }
    });

    it('never lists what was deleted', async () => {
      const names = (await list()).runs.map(({ run }) => run?.name);

      expect(names).not.toEqual(expect.arrayContaining([...(subject.deleted ?? ['deleted'])]));
    });

    it('gives runs ids, places and times of their own', async () => {
      const { runs } = await list();

      expect(new Set(runs.map(({ location }) => location)).size).toBe(runs.length);
      expect(new Set(runs.map(({ run }) => run?.run_id)).size).toBe(runs.length);
      for (const { run } of runs) {
        expect(run!.run_id).toMatch(/^[\w.-]+$/);
        expect(run!.started_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
      }
    });

    it('opens a run: its artifact is on this disk, again and at the same time', async () => {
      const sourceRun = runNamed(await list(), subject.servable[0]!);

      const [first, second] = await Promise.all([sourceRun.open(), sourceRun.open()]);
      const third = await sourceRun.open();

      expect([second.folder, third.folder]).toEqual([first.folder, first.folder]);
      expect(existsSync(join(first.folder, sourceRun.run!.model.path))).toBe(true);
    });

    it('gives runs that load, prove themselves and answer right', async () => {
      const model = await list();
      for (const name of subject.servable) {
        const served = await load(runNamed(model, name));
        const { input, output } = served.run.examples[0]!;

        expect(served.run.model.sha256).toMatch(/^[0-9a-f]{64}$/);
        expect([name, Object.keys(output)]).toEqual([name, Object.keys(served.run.signature.output.properties)]);
        const sum = Object.values(input)
          .flat()
          .reduce((total: number, value) => total + Number(value), 0);
        expect(Object.values(output)).toEqual([sum]);
        await served.release();
      }
    });

    it('gives the same at every reading', async () => {
      const source = subject.makeSource();
      const words = (model: SourceModel) =>
        model.runs.map(({ location, run, reasons }) => ({ location, run, reasons: reasons.map(({ code }) => code) }));

      const [first, again, other] = [words(await list(source)), words(await list(source)), words(await list())];

      expect(again).toEqual(first);
      expect(other).toEqual(first);
      expect(source.warnings).toEqual([]);
    });

    it('lets one damaged run cost only itself', async () => {
      if (!subject.damageBest) return;
      subject.damageBest();

      const { runs } = await list();

      const ready = runs.filter(({ reasons }) => reasons.length === 0).map(({ run }) => run!.name);
      expect(ready).toEqual(expect.arrayContaining(subject.servable.slice(1)));
      expect(ready).not.toContain(subject.servable[0]);
    });

    it('says in a sentence for the operator that the store cannot be read', async () => {
      await subject.takeAway();

      const problem: unknown = await subject
        .makeSource()
        .listModels()
        .catch((error: unknown) => error);

      expect(problem).toBeInstanceOf(Error);
      expect((problem as Error).message).toMatch(/^[A-Z].*cannot be read.*\.$/);
      expect((problem as Error).message).not.toMatch(/\n| at .*\.[jt]s/);
    });
  });
}
