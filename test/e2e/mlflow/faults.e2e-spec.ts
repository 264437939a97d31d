import type { IncomingMessage, ServerResponse } from 'node:http';

import { BETTER_RUN, MlflowScene, OLD_RUN, REPEATING, TOKEN } from '../../support/stores/mlflow-scene.js';
import type { Issue } from '../../support/stores/mlflow-stub.js';
import type { LaneAnswers } from '../../support/http/steady-predictions.js';
import { until } from '../../support/until.js';
import type { Holdings } from '../../support/http/watched-app.js';

const answering =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    !!response.writeHead(status, headers).end(body);
/** Says that more will come than does. */
const breakingOff: Issue = (_request, response) => {
  response.writeHead(200, { 'Content-Length': '1000' });
  response.write('{"runs":', () => response.destroy());
  return true;
};
const hanging: Issue = () => true;
const PRIVATE_WORDS = 'no such table /srv/mlflow/secret.db';
const FAILED = JSON.stringify({ error_code: 'INTERNAL_ERROR', message: PRIVATE_WORDS });
/** What nobody is to read in an answer. */
const INWARD = [TOKEN, PRIVATE_WORDS, '127.0.0.1', __dirname.slice(0, 5), 'node:', '.js:', '.ts:'];

let scene: MlflowScene;
let before: Holdings;

afterEach(async () => {
  jest.restoreAllMocks();
  await scene.end();
});

/** Nobody noticed anything but that another run serves in the end: on no lane did the old run answer after the new one. */
function expectUndisturbed(lanes: readonly LaneAnswers[]): void {
  const answers = lanes.flat();
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(answers.map(({ json }) => json.data.predictions[0].sum as number))).toEqual(new Set([3]));
  const [both, ...others] = lanes.map(runsOf);
  expect(both).toHaveLength(2);
  for (const runs of others) expect([both, both!.slice(0, 1), both!.slice(1)]).toContainEqual(runs);
}

/** Ids of the runs that answered on a lane, one after the other. */
function runsOf(lane: LaneAnswers): string[] {
  const runs = lane.map(({ json }) => json.data.run_id as string);
  return runs.filter((run, i) => run !== runs[i - 1]);
}

const expectNothingInward = (text: string) => expect(INWARD.filter((word) => text.includes(word))).toEqual([]);

describe('while MLflow cannot be read', () => {
  it.each<[string, Issue | 'away', RegExp]>([
    ['nothing listens', 'away', /nothing listens at this address \(ECONNREFUSED\)\./],
    ['it never answers', hanging, /it did not answer within 1000 ms\./],
    [
      'a page answers',
      answering(200, '<html>Sign in</html>'),
      /not JSON. Is MLFLOW_TRACKING_URI the address of MLflow\?/,
    ],
    ['it refuses the credentials', answering(401, 'No.'), /refuses the credentials \(401\).*MLFLOW_TRACKING_TOKEN/],
    ['it has failed', answering(500, FAILED), /it answers INTERNAL_ERROR\./],
    ['the proxy before it has failed', answering(502, '<html>Bad Gateway</html>'), /it answers 502\./],
    ['its answers break off', breakingOff, /its response was cut off\./],
    [
      'it sends elsewhere',
      answering(302, '', { Location: 'http://192.0.2.1/' }),
      /another host, which is not followed/,
    ],
  ])(
    'the old run serves on when %s, everybody is told, and the better run serves afterwards',
    async (_, fault, said) => {
      scene = await MlflowScene.start(fault === 'away' ? REPEATING : {});
      before = await scene.app.holdings();
      const { last_read_at: lastReadAt } = await scene.reading();
      if (fault === 'away') await scene.stub.stop();
      else scene.stub.fault = fault;
      scene.logBetterRun();

      await until(async () => (await scene.reading()).problem !== null);
      const looks = await Promise.all([1, 2, 3].map(() => scene.asAdmin('POST', '/models/refresh')));
      const health = await scene.data('/health');
      const servedBy = await scene.servedBy();
      const isReady = (await scene.data('/readyz')).models[0].ready as boolean;
      await scene.keepPredicting();
      const warnings = [...scene.warnings];
      if (fault === 'away') await scene.stub.restart();
      scene.stub.fault = undefined;
      await scene.untilBetterServes();
      const after = await scene.data('/health');
      await scene.keepPredicting();
      const lanes = await scene.stopLoad();

      const problem = expect.stringMatching(said) as string;
      expect(health).toMatchObject({ status: 'degraded', sources: [{ source: 'mlflow', problem }] });
      expect(health.sources[0].last_read_at >= lastReadAt).toBe(true);
      expect(looks.map(({ status, json }) => [status, json.data.sources])).toEqual(
        looks.map(() => [200, health.sources]),
      );
      expect([servedBy, isReady]).toEqual([OLD_RUN, true]);
      expect(warnings).toEqual([
        expect.stringMatching(/^MLflow at http:.* cannot be read: .* last known listing is served\.$/),
      ]);
      expect(warnings).toEqual([problem]);
      expect(after).toMatchObject({ status: 'ok', sources: [{ problem: null }] });
      expect(after.sources[0].last_read_at > health.sources[0].last_read_at).toBe(true);
      expect(scene.app.log.map(({ msg }) => msg as string)).toContain('The sources have no warnings any more');
      expectUndisturbed(lanes);
      expectNothingInward(
        JSON.stringify([looks.map(({ text }) => text), health.sources]).replaceAll(scene.app.baseUrl, ''),
      );
      expect(scene.logText).not.toContain(TOKEN);
      await scene.app.expectBackTo(before);
    },
  );
});

/** The files of the better run alone. */
const ofModel =
  (fault: Issue): Issue =>
  (request, response) =>
    scene.stub.asksForFilesOf(BETTER_RUN, request) && request.url!.includes('model.onnx') && fault(request, response);

describe('while the files of a better run cannot be fetched', () => {
  beforeEach(async () => {
    scene = await MlflowScene.start();
    before = await scene.app.holdings();
  });

  it.each<[string, Issue, RegExp, ('by itself' | 'when asked')?]>([
    ['half of one arrives', answering(200, 'half'), /a file of \d+ bytes arrived with 4\./, 'by itself'],
    ['a download breaks off', breakingOff, /a download was cut off\./],
    ['a download stands still', (_, response) => !!response.writeHead(200).write('x'), /a download was cut off\./],
    ['nobody answers', hanging, /it did not answer within 1000 ms\./],
    ['a page comes instead', answering(200, '<html>Sign in</html>'), /a file of \d+ bytes arrived with 20\./],
    ['they need other credentials', answering(401, 'No.'), /refuses the credentials \(401\)/],
    ['their store has failed', answering(500, FAILED), /MLflow cannot give the model's files: INTERNAL_ERROR\./],
    [
      'a proxy knows nothing of them',
      answering(404, '<h1>Not Found</h1>'),
      /MLflow cannot give the model's files: ENDPOINT_NOT_FOUND\./,
    ],
  ])(
    'the old run serves on when %s, the verdict says so, and it serves afterwards',
    async (_, fault, said, afterwards = 'when asked') => {
      scene.stub.fault = ofModel(fault);
      scene.logBetterRun();

      await until(async () => (await scene.reasonsOf(BETTER_RUN)).length > 0);
      const { status } = await scene.asAdmin('POST', '/models/refresh');
      const reasons = await scene.reasonsOf(BETTER_RUN);
      const history = (await scene.data('/models/adder/history')).history;
      const [servedBy, health] = [await scene.servedBy(), await scene.data('/health')];
      await scene.keepPredicting();
      const warnings = [...scene.warnings];
      const { leftovers } = scene;
      scene.stub.fault = undefined;
      if (afterwards === 'when asked') await scene.asAdmin('POST', '/models/refresh');
      await scene.untilBetterServes();
      await scene.keepPredicting();
      const lanes = await scene.stopLoad();

      const words = expect.stringMatching(said) as string;
      expect(status).toBe(200);
      expect([reasons, warnings]).toEqual([[words], [words]]);
      expect(reasons[0]).toMatch('ARTIFACT_UNAVAILABLE: ');
      expect(history).toMatchObject([{ event: 'load_failed', reason: words }, { event: 'served' }]);
      expect([servedBy, health.status, health.sources[0].problem]).toEqual([OLD_RUN, 'ok', null]);
      expectUndisturbed(lanes);
      expectNothingInward(JSON.stringify([reasons, history, health.sources]));
      expect([leftovers, scene.leftovers]).toEqual([[], []]);
      await scene.app.expectBackTo(before);
    },
  );
});
