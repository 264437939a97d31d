import type { RecordedVersion } from '../../../../test/support/stores/mlflow-fixtures.js';
import { STORE_KINDS, useRecordedStores } from '../../../../test/support/stores/recorded-stores.js';
import type { StoreKind } from '../../../../test/support/stores/recorded-stores.js';
import type { SourceRun } from '../../run-source.js';

describe.each(['2', '3'] as RecordedVersion[])('runs of MLflow %s', (version) => {
  const listModels = useRecordedStores(version);
  const readRuns = async (store: StoreKind, experiment: string): Promise<Record<string, SourceRun>> => {
    const [model] = await listModels(store, { MLFLOW_EXPERIMENTS: experiment });
    return Object.fromEntries(model!.runs.map((sourceRun) => [sourceRun.run!.name, sourceRun]));
  };
  const SEVERAL = 'several?metric=f1&goal=maximize';

  describe.each(STORE_KINDS)('in the %s store', (store) => {
    it('are served with the model that can be served, when they put out a pickle beside its export', async () => {
      const { 'pickle-and-export': sourceRun } = await readRuns(store, SEVERAL);

      expect(sourceRun!.reasons).toEqual([]);
      expect(sourceRun!.run!.model).toMatchObject({ format: 'onnx', path: 'model.onnx' });
      expect((await sourceRun!.open()).folder).not.toContain('pickle');
    });

    it('keep the history of each metric, in the order of the steps', async () => {
      const { best, 'not-a-number': nan } = await readRuns(store, 'adder');

      const [history, nothing] = [await best!.readMetricHistory!('f1'), await nan!.readMetricHistory!('f1')];

      expect(history.map(({ step, value }) => [step, value])).toEqual([
        [1, 0.45],
        [2, 0.9],
      ]);
      expect(history[0]!.timestamp).toMatch(/^20\d\d-\d\d-\d\dT.*Z$/);
      expect(nothing.map(({ value }) => value)).toEqual([NaN, NaN]);
    });

    if (version === '2') return;

    it('are judged by their best checkpoint and served with it', async () => {
      const { checkpoints } = await readRuns(store, SEVERAL);

      expect(checkpoints!.run!.metrics).toEqual({ f1: 0.85 });
      expect(checkpoints!.run!.performance).toEqual({ overall: { f1: 0.85 } });
      const history = await checkpoints!.readMetricHistory!('f1');
      expect(history.map(({ value }) => value)).toEqual([0.5, 0.85, 0.6]);
      const { checkpoints: worst } = await readRuns(store, 'several?metric=f1&goal=minimize');
      expect(worst!.run!.metrics).toEqual({ f1: 0.5 });
      expect(worst!.run!.tags['mlflow.modelId']).toMatch(/^m-/);
      expect(worst!.run!.tags['mlflow.modelId']).not.toBe(checkpoints!.run!.tags['mlflow.modelId']);
    });

    it('are judged by what they ended with when no checkpoint has the metric', async () => {
      const { checkpoints } = await readRuns(store, 'several?metric=loss&goal=minimize');

      expect(checkpoints!.run!.metrics.f1).toBe(0.6);
    });

    it('wait for a model whose files have not arrived', async () => {
      const { 'broken-upload': sourceRun } = await readRuns(store, SEVERAL);

      expect(sourceRun!.reasons.map(({ code }) => code)).toEqual(['MODEL_MISSING']);
      expect(sourceRun!.reasons[0]!.message).toMatch(/not all files.*ready/i);
    });
  });
});
