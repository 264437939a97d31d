import type { RecordedVersion } from '../../../../test/support/stores/mlflow-fixtures.js';
import { STORE_KINDS, useRecordedStores } from '../../../../test/support/stores/recorded-stores.js';
import type { StoreKind } from '../../../../test/support/stores/recorded-stores.js';
import type { SourceModel } from '../../run-source.js';

describe.each(['2', '3'] as RecordedVersion[])('registered models of MLflow %s', (version) => {
  const listModels = useRecordedStores(version);
  const list = (store: StoreKind, models: string): Promise<SourceModel[]> =>
    listModels(store, { MLFLOW_EXPERIMENTS: '', MLFLOW_MODELS: models });
  const verdicts = ([model]: SourceModel[]) =>
    Object.fromEntries(model!.runs.map(({ run, reasons }) => [run!.run_id, reasons.map(({ code }) => code)]));

  describe.each(STORE_KINDS)('in the %s store', (store) => {
    it('serve the version that an alias points to, and say of the others that it does not', async () => {
      const models = await list(store, 'Adder@champion');

      expect(models[0]!.card).toMatchObject({ name: 'adder', title: 'Adder' });
      expect(models[0]!.card!.selection.where).toEqual({ 'tags.mlflow.alias.champion': 'true' });
      expect(verdicts(models)).toEqual({ 'adder-v1': [], 'adder-v2': ['NOT_EXAMINED'] });
    });

    it('serve the version with the best metric of its run', async () => {
      const models = await list(store, 'Adder?metric=f1&goal=maximize&name=sum');

      expect(verdicts(models)).toEqual({ 'sum-v1': [], 'sum-v2': [] });
      const metrics = models[0]!.runs.map(({ run }) => run!.metrics);
      expect(metrics.sort((a, b) => a.model_version! - b.model_version!)).toEqual([
        { f1: 0.8, model_version: 1 },
        { f1: 0.9, model_version: 2 },
      ]);
    });

    it('serve the latest version when asked to', async () => {
      const [model] = await list(store, 'Adder@latest');

      expect(model!.card!.selection).toEqual({ metric: 'model_version', goal: 'maximize' });
    });

    it('say what is missing when nobody says which version is best, and when there is no such model', async () => {
      const models = await list(store, 'Adder, Nobody');

      expect(models.map(({ card }) => card)).toEqual([undefined, undefined]);
      expect(models[0]!.issues).toEqual([expect.stringMatching(/bestrun\.metric.*Adder\?metric=….*Adder@champion/)]);
      expect(models[1]!.issues).toEqual(['MLflow has no registered model named "Nobody".']);
    });

    it('are left alone by * unless their tags say how to choose', async () => {
      expect(await list(store, '*')).toEqual([]);
    });
  });
});
