import { existsSync, readdirSync } from 'node:fs';

import { ADMIN_KEY } from '../http/admin.js';
import { ask } from '../http/ask.js';
import type { Answer } from '../http/ask.js';
import type { Json } from '../http/get-json.js';
import { TempFolder } from './mlflow-fixtures.js';
import { MlflowStub, without } from './mlflow-stub.js';
import { SteadyPredictions } from '../http/steady-predictions.js';
import type { LaneAnswers } from '../http/steady-predictions.js';
import { until } from '../until.js';
import { WatchedApp } from '../http/watched-app.js';

/** Told to MLflow, and to nobody else. */
export const TOKEN = 'tok3n-of-mlflow';
/** Runs of the recorded server. The first serves until the second is logged, which keeps its contract. */
export const OLD_RUN = 'child';
export const BETTER_RUN = 'best';
/** It would be better than the first, and break its clients. */
const NEVER_LOGGED = 'second';

/** Variables of a server that reads an MLflow of a test. */
export function mlflowEnvironment(stub: MlflowStub, cache: string, models: string): Record<string, string> {
  return {
    SOURCES: 'mlflow',
    MLFLOW_TRACKING_URI: stub.url,
    MLFLOW_TRACKING_TOKEN: TOKEN,
    MLFLOW_CACHE_DIR: cache,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    MLFLOW_HTTP_REQUEST_TIMEOUT: '1',
    MODELS_DIR: models,
    REFRESH_INTERVAL_MS: '50',
    INFERENCE_THREADS: '1',
    ADMIN_API_KEY: ADMIN_KEY,
  };
}

/** Asks twice: the first request after MLflow went may still meet a connection from before. */
export const REPEATING = { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' };

/** A server over a tracking server, while predictions are sent steadily: what a fault of the latter must not disturb. */
export class MlflowScene {
  readonly cache = new TempFolder();
  /** Where the state of the model is kept. */
  readonly models = new TempFolder();
  readonly stub: MlflowStub;
  app!: WatchedApp;
  private load: SteadyPredictions | undefined;

  private constructor(stub: MlflowStub) {
    this.stub = stub;
    stub.editRun = without(BETTER_RUN, NEVER_LOGGED);
  }

  /** A tracking server that holds the old run; nothing is served yet. */
  static async prepare(): Promise<MlflowScene> {
    return new MlflowScene(await MlflowStub.start('3'));
  }

  /** A server with the old run, and predictions that go on until `stopLoad`. */
  static async start(environment: Record<string, string> = {}): Promise<MlflowScene> {
    const scene = await MlflowScene.prepare();
    await scene.startApp(environment);
    return scene;
  }

  async startApp(environment: Record<string, string> = {}): Promise<void> {
    this.app = await this.startReplica(environment);
    this.load = new SteadyPredictions(this.app.baseUrl, 'adder', { a: 1, b: 2 });
  }

  /** One more server over the same MLflow, cache and state. */
  startReplica(environment: Record<string, string> = {}): Promise<WatchedApp> {
    return WatchedApp.start({ ...mlflowEnvironment(this.stub, this.cache.path, this.models.path), ...environment });
  }

  /** Somebody logs the better run. */
  logBetterRun(edit: (run: Json) => Json = (run) => run): void {
    const hidden = without(NEVER_LOGGED);
    this.stub.editRun = (run) => hidden(run.info.run_name === BETTER_RUN ? edit(structuredClone(run)) : run);
  }

  /** Answers of the steady predictions, lane by lane; those of `keepPredicting` are the first lane. */
  async stopLoad(): Promise<readonly LaneAnswers[]> {
    const lanes = (await this.load?.stop()) ?? [];
    this.load = undefined;
    return lanes;
  }

  /** Waits until a prediction is answered that was asked for after this call. */
  keepPredicting(): Promise<void> {
    return this.load!.goOn();
  }

  async end(): Promise<void> {
    await this.stopLoad();
    await this.app?.close();
    await this.stub.stop().catch(() => undefined);
    this.cache.remove();
    this.models.remove();
  }

  asAdmin(method: string, path: string, body?: object, app = this.app): Promise<Answer> {
    return ask(app.baseUrl, path, { method, body, headers: { 'X-API-Key': ADMIN_KEY } });
  }

  async data(path: string, app = this.app): Promise<Json> {
    return (await ask(app.baseUrl, path)).json.data;
  }

  /** How MLflow was read last, as `/health` says. */
  async reading(app = this.app): Promise<Json> {
    return (await this.data('/health', app)).sources[0];
  }

  /** Name of the run that serves. */
  async servedBy(app = this.app): Promise<string> {
    const { best_run_id: id } = await this.data('/models/adder', app);
    return (await this.data(`/runs/${id}`, app)).name as string;
  }

  /** Waits until the better run serves, whatever was in its way, and that is written down. */
  untilBetterServes(app = this.app): Promise<void> {
    return until(async () => {
      const { history } = await this.data('/models/adder/history', app);
      return (await this.servedBy(app)) === BETTER_RUN && history.some(({ event }: Json) => event === 'promoted');
    });
  }

  /** Reasons why a run may not serve, as sentences. */
  async reasonsOf(name: string): Promise<readonly string[]> {
    const { ranking } = await this.data('/models/adder/selection');
    const reasons = ranking.find((run: Json) => run.name === name)?.verdict.reasons ?? [];
    return reasons.map(({ code, message }: Json) => `${code}: ${message}`) as string[];
  }

  /** Warnings and errors so far, in words; without that of each recorded run, which says nothing of what was answered. */
  get warnings(): readonly string[] {
    const lines = this.app.log.filter(({ level }) => level >= WARN).map(({ msg }) => msg as string);
    return lines.filter((line) => !line.includes('ANSWERS_UNPROVEN'));
  }

  /** Every line of the log, as it is written. */
  get logText(): string {
    return this.app.log.map((line) => JSON.stringify(line)).join('\n');
  }

  /** What downloads that did not end have left. */
  get leftovers(): readonly string[] {
    return existsSync(this.cache.at('incoming')) ? readdirSync(this.cache.at('incoming')) : [];
  }
}

/** Level of pino's warnings. */
const WARN = 40;
