import type { Json } from '../../support/http/get-json.js';
import { without } from '../../support/stores/mlflow-stub.js';
import { BETTER_RUN, MlflowScene, OLD_RUN } from '../../support/stores/mlflow-scene.js';
import { until } from '../../support/until.js';

/** It would break the clients of the old run. */
const BREAKING_RUN = 'second';
const COPIES = 30;

/** The same run, logged again and again, each time with another metric. */
const copiesOf = (run: Json, metricOf: (i: number) => number): Json[] =>
  Array.from({ length: COPIES }, (_, i) => {
    const id = `${i}`.padStart(32, '0');
    const copy = structuredClone(run);
    Object.assign(copy.info, { run_id: id, run_uuid: id, run_name: `copy-${i}` });
    copy.data.metrics = [{ ...copy.data.metrics[0], value: metricOf(i) }];
    return copy;
  });

describe('a store with more good runs than are inspected', () => {
  let scene: MlflowScene;
  beforeEach(async () => (scene = await MlflowScene.start()));
  afterEach(() => scene.end());
  const refused = async (): Promise<number> => {
    const { ranking } = await scene.data('/models/adder/selection');
    const codes = (ranking as Json[]).flatMap(({ verdict }) => verdict.reasons.map(({ code }: Json) => code as string));
    return codes.filter((code) => code === 'CONTRACT_BREAKING').length;
  };
  /** Better than the old run and than the one that is better, and refused. */
  const logBreakingRuns = (...hidden: string[]) => {
    const others = without(BREAKING_RUN, ...hidden);
    scene.stub.editRun = (run) =>
      run.info.run_name === BREAKING_RUN ? copiesOf(run, (i) => 0.91 + i / 1_000) : others(run);
  };

  it('comes to a run that is worse than many which are refused', async () => {
    logBreakingRuns(BETTER_RUN);
    await until(async () => (await refused()) === COPIES);

    logBreakingRuns();
    await scene.untilBetterServes();

    expect(await scene.servedBy()).toBe(BETTER_RUN);
  });

  it('serves what it served last after a restart, however many better ones are refused', async () => {
    logBreakingRuns(BETTER_RUN);
    await until(async () => (await refused()) === COPIES);

    const replica = await scene.startReplica();

    const servedBy = await scene.servedBy(replica);
    await replica.close();
    expect(servedBy).toBe(OLD_RUN);
  });

  it('lets a person pin a run that was not inspected, and keeps the pin over a restart', async () => {
    const others = without(BREAKING_RUN);
    scene.stub.editRun = (run) =>
      run.info.run_name === BETTER_RUN ? copiesOf(run, (i) => 0.9 - i / 1_000) : others(run);
    await until(async () => (await scene.servedBy()) === 'copy-0');
    const last = `${COPIES - 1}`.padStart(32, '0');
    expect(await scene.reasonsOf(`copy-${COPIES - 1}`)).toEqual([expect.stringMatching(/^NOT_EXAMINED/)]);

    const { status } = await scene.asAdmin('PUT', '/models/adder/pin', { run_id: last, reason: 'For the audit.' });

    expect([status, await scene.servedBy()]).toEqual([200, `copy-${COPIES - 1}`]);
    const replica = await scene.startReplica();
    const servedBy = await scene.servedBy(replica);
    await replica.close();
    expect(servedBy).toBe(`copy-${COPIES - 1}`);
  });
});

describe('a store whose best runs cannot be loaded', () => {
  it.each([
    ['damaged', 'x'.repeat(152)],
    ['half arrived', 'x'],
  ])('because they are %s is served by the first that can, at the start already', async (_what, bytes) => {
    const scene = await MlflowScene.prepare();
    const others = without(BETTER_RUN);
    scene.stub.editRun = (run) =>
      run.info.run_name === BREAKING_RUN ? copiesOf(run, (i) => 0.91 + i / 1_000) : others(run);
    scene.stub.fault = (request, response) => {
      if (!scene.stub.asksForFilesOf(BREAKING_RUN, request) || !/model\.onnx/.test(request.url ?? '')) return false;
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(bytes);
      return true;
    };

    await scene.startApp();

    const servedBy = await scene.servedBy();
    await scene.end();
    expect(servedBy).toBe(OLD_RUN);
  });
});
