import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fillDisk } from '../../support/stores/full-disk.js';
import type { Json } from '../../support/http/get-json.js';
import {
  mlflowEnvironment,
  MlflowScene,
  BETTER_RUN,
  OLD_RUN,
  REPEATING,
  TOKEN,
} from '../../support/stores/mlflow-scene.js';
import { ServerProcess } from '../../support/http/server-process.js';
import { until } from '../../support/until.js';
import type { WatchedApp } from '../../support/http/watched-app.js';
import { itOnPosix } from '../../support/posix.js';

let scene: MlflowScene;

afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  await scene.end();
});

const statusesOf = async () => new Set((await scene.stopLoad()).flat().map(({ status }) => status));
const idOf = async (name: string): Promise<string> => {
  const { ranking } = await scene.data('/models/adder/selection');
  return ranking.find((run: Json) => run.name === name).run_id as string;
};
const pin = async (name: string, app?: WatchedApp) =>
  scene.asAdmin('PUT', '/models/adder/pin', { run_id: await idOf(name), reason: 'For the audit.' }, app);
const eventsOf = async (app?: WatchedApp) =>
  ((await scene.data('/models/adder/history', app)).history as Json[]).map(({ event }) => event as string);

describe('a disk that is full', () => {
  beforeEach(async () => (scene = await MlflowScene.start()));

  it('keeps a better run from being fetched, which serves as soon as there is room', async () => {
    fillDisk(scene.cache.path);
    scene.logBetterRun();

    await until(async () => (await scene.reasonsOf(BETTER_RUN)).length > 0);
    await scene.asAdmin('POST', '/models/refresh');
    const [reasons, servedBy] = [await scene.reasonsOf(BETTER_RUN), await scene.servedBy()];
    const { warnings, leftovers } = scene;
    jest.restoreAllMocks();
    await scene.untilBetterServes();

    expect(reasons).toEqual(['ARTIFACT_UNAVAILABLE: The cache for downloaded models cannot be written (ENOSPC).']);
    expect([...warnings].sort()).toEqual([
      expect.stringMatching(/^MLFLOW_CACHE_DIR cannot be written \(ENOSPC\): a start without MLflow at http:.*now\.$/),
      expect.stringMatching(/^Run \w+ of model adder is not eligible: ARTIFACT_UNAVAILABLE: .*\(ENOSPC\)\. → \S/),
    ]);
    expect([servedBy, leftovers, scene.leftovers]).toEqual([OLD_RUN, [], []]);
    expect(await statusesOf()).toEqual(new Set([200]));
  });

  it('keeps no pin from counting, and none is lost when there is room again', async () => {
    scene.logBetterRun();
    await scene.untilBetterServes();
    fillDisk(scene.models.path);

    const { status } = await pin(OLD_RUN);
    await scene.keepPredicting();
    const warnings = [...scene.warnings];
    jest.restoreAllMocks();
    await until(() => scene.app.log.some(({ msg }) => msg === 'Pins and history are written to the store again'));
    const replica = await scene.startReplica();
    const [servedBy, events] = [await scene.servedBy(replica), await eventsOf(replica)];
    await replica.close();

    expect([status, servedBy, events]).toEqual([200, OLD_RUN, ['pinned', 'promoted', 'served']]);
    expect(warnings).toEqual([expect.stringMatching(/^Pins and history cannot be written to the store \(ENOSPC\)/)]);
    expect(await statusesOf()).toEqual(new Set([200]));
  });
});

describe('a cached model that is damaged on the disk', () => {
  const damage = () => {
    const folders = readdirSync(scene.cache.at('folders'));
    for (const folder of folders) {
      const file = join(scene.cache.at('folders'), folder, 'model.onnx');
      writeFileSync(file, Buffer.alloc(readFileSync(file).length));
    }
  };
  beforeEach(async () => {
    scene = await MlflowScene.start();
    scene.logBetterRun();
    await scene.untilBetterServes();
    await pin(OLD_RUN);
  });

  it('is fetched again', async () => {
    damage();

    const { status } = await pin(BETTER_RUN);

    expect([status, await scene.servedBy()]).toEqual([200, BETTER_RUN]);
    expect(await statusesOf()).toEqual(new Set([200]));
  });

  it('is never served: the pin is refused in words while MLflow is away, and can be set when it is back', async () => {
    damage();
    await scene.stub.stop();

    const { status, json } = await pin(BETTER_RUN);
    const servedBy = await scene.servedBy();
    await scene.keepPredicting();
    await scene.stub.restart();
    const again = await pin(BETTER_RUN);

    expect([status, servedBy, again.status]).toEqual([409, OLD_RUN, 200]);
    expect(json.message).toMatch(/cannot be served, and nothing has changed: ARTIFACT_UNAVAILABLE: .*from MLflow: /);
    expect(json.message).not.toContain(scene.cache.path);
    expect(await statusesOf()).toEqual(new Set([200]));
  });
});

describe('clocks that are wrong', () => {
  const HOUR_MS = 3_600_000;
  const times = (start: number, end: number) => (run: Json) => {
    Object.assign(run.info, { start_time: start, end_time: end });
    return run;
  };

  beforeEach(async () => (scene = await MlflowScene.start()));

  it.each<[string, number, number, string]>([
    ['started in 1970', 0, 1, '1970-01-01T00:00:00.000Z'],
    ['starts in the year 2100', 4_102_444_800_000, 4_102_444_900_000, '2100-01-01T00:00:00.000Z'],
    ['ended before it started', 1_795_245_318_493, 0, '2026-11-21T07:15:18.493Z'],
    ['started at a time that no date holds', 1e18, 1e18, '1970-01-01T00:00:00.000Z'],
  ])('keep no better run from serving that %s', async (_what, start, end, startedAt) => {
    scene.logBetterRun(times(start, end));

    await scene.untilBetterServes();

    const id = await idOf(BETTER_RUN);
    expect((await scene.data(`/runs/${id}`)).started_at).toBe(startedAt);
    expect(await statusesOf()).toEqual(new Set([200]));
  });

  it.each<[string, number]>([
    ['ahead by three days', 72 * HOUR_MS],
    ['back to 2001', 1_000_000_000_000 - Date.now()],
  ])("do no harm when the machine's own jumps %s", async (_what, byMs) => {
    jest.useFakeTimers({ now: Date.now() + byMs, doNotFake: ALL_BUT_DATE });
    scene.logBetterRun();
    await scene.untilBetterServes();
    const { status } = await pin(OLD_RUN);
    await scene.asAdmin('POST', '/models/refresh');
    const pinned = await scene.servedBy();
    jest.useRealTimers();
    await scene.asAdmin('DELETE', '/models/adder/pin');
    await scene.untilBetterServes();

    expect([status, pinned]).toEqual([200, OLD_RUN]);
    expect(await eventsOf()).toEqual(['promoted', 'unpinned', 'pinned', 'promoted', 'served']);
    expect(await scene.reading()).toMatchObject({ problem: null });
    expect(scene.warnings).toEqual([]);
    expect(await statusesOf()).toEqual(new Set([200]));
    await scene.stub.stop();
    const replica = await scene.startReplica();
    const servedBy = await scene.servedBy(replica);
    await replica.close();
    expect(servedBy).toBe(BETTER_RUN);
  });
});

describe('two servers over one MLflow', () => {
  it('come to one run when each is told to pin another, and no decision is lost', async () => {
    scene = await MlflowScene.start();
    scene.logBetterRun();
    const replica = await scene.startReplica();
    await Promise.all([scene.untilBetterServes(), scene.untilBetterServes(replica)]);

    const answers = await Promise.all([pin(OLD_RUN), pin(BETTER_RUN, replica)]);
    const both = () => Promise.all([scene.servedBy(), scene.servedBy(replica)]);
    await until(async () => new Set(await both()).size === 1);
    const [servedBy] = await both();
    const { pin: kept } = await scene.data('/models/adder/selection', replica);
    const events = await eventsOf(replica);
    const sameEvents = await eventsOf();
    await replica.close();

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(kept.run_id).toBe(await idOf(servedBy));
    expect(events.slice(0, 2)).toEqual(['pinned', 'pinned']);
    expect(sameEvents).toEqual(events);
    expect(await statusesOf()).toEqual(new Set([200]));
  });
});

describe('while MLflow hangs', () => {
  /** Longer than this test may take: whatever waits for MLflow fails it. */
  const PATIENT = { MLFLOW_HTTP_REQUEST_TIMEOUT: '60' };

  it('a run is rolled back at once all the same', async () => {
    scene = await MlflowScene.start(PATIENT);
    scene.logBetterRun();
    await scene.untilBetterServes();
    scene.stub.fault = () => true;
    scene.stub.asked.length = 0;
    await until(() => scene.stub.asked.length > 0);

    const { status } = await scene.asAdmin('POST', '/models/adder/rollback', { reason: 'It is odd.' });

    expect([status, await scene.servedBy()]).toEqual([200, OLD_RUN]);
    expect(await statusesOf()).toEqual(new Set([200]));
  });

  itOnPosix('a server ends by itself, with code 0 and without a word', async () => {
    scene = await MlflowScene.prepare();
    const server = ServerProcess.start({
      ...mlflowEnvironment(scene.stub, scene.cache.path, scene.models.path),
      ...PATIENT,
    });
    await server.ready();
    scene.stub.fault = () => true;
    scene.stub.asked.length = 0;
    await until(() => scene.stub.asked.length > 0);

    server.kill('SIGTERM');
    const ended = await server.exited;

    expect(ended).toEqual({ code: 0, signal: null });
    expect(server.log.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

describe('a start without MLflow', () => {
  it('serves what was read last, says so, and follows when MLflow is back', async () => {
    scene = await MlflowScene.start();
    await scene.stopLoad();
    await scene.app.close();
    await scene.stub.stop();

    await scene.startApp(REPEATING);
    await scene.keepPredicting();
    const health = await scene.data('/health');
    const [servedBy, warnings] = [await scene.servedBy(), [...scene.warnings]];
    scene.logBetterRun();
    await scene.stub.restart();
    await scene.untilBetterServes();

    expect(health).toMatchObject({ status: 'degraded', sources: [{ source: 'mlflow', last_read_at: null }] });
    expect(health.sources[0].problem).toMatch(/^MLflow cannot be read: .*ECONNREFUSED/);
    expect(servedBy).toBe(OLD_RUN);
    expect(warnings).toEqual([expect.stringMatching(/cannot be read: .* Its last known listing is served\.$/)]);
    expect(await scene.data('/health')).toMatchObject({ status: 'ok', sources: [{ problem: null }] });
    expect(await statusesOf()).toEqual(new Set([200]));
  });

  it('stops with a sentence and code 1 when nothing was ever read', async () => {
    scene = await MlflowScene.prepare();
    await scene.stub.stop();
    const server = ServerProcess.start(mlflowEnvironment(scene.stub, scene.cache.path, scene.models.path));

    const { code } = await server.exited;

    expect(code).toBe(1);
    expect(server.stderr).toBe(
      `bestrun could not start: MLflow at ${scene.stub.url} cannot be read: nothing listens at this address (ECONNREFUSED).\n`,
    );
    expect(server.stdout).not.toContain(TOKEN);
    expect(existsSync(scene.cache.at('answers'))).toBe(false);
  });
});

/** Of the things that Jest can replace, those that must go on by the real clock. */
const ALL_BUT_DATE: FakeableAPI[] = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
];
