import { setImmediate as nextTurn } from 'node:timers/promises';

import type { MlflowItem } from '../../../config/mlflow-selection.js';
import { RunSource } from '../../run-source.js';
import type { GetExaminationHints, SourceModel, SourceStatus } from '../../run-source.js';
import { CandidateReader } from './candidates.js';
import type { Candidate } from './candidates.js';
import { deriveCard, modelNameOf } from '../mapping/model-card.js';
import type { CardOrigin, MlflowCard } from '../mapping/model-card.js';
import { TAG_PREFIX } from '../mapping/tags.js';
import { StoreUnavailableError } from '../store/mlflow-store.js';
import type { MlflowExperiment, MlflowRegisteredModel, MlflowStore } from '../store/mlflow-store.js';
import { RunInspector } from './run-inspector.js';

/** Models of one MLflow, each of which is read at each poll. */
const MAX_MODELS = 1_000;
/** Entries that are looked at in a row. */
const PER_TURN = 100;

/** Which experiments and registered models of the store are served. */
interface MlflowSelection {
  readonly experiments: readonly MlflowItem[];
  readonly models: readonly MlflowItem[];
}

interface Found<Entity> {
  readonly item: MlflowItem;
  readonly entity: Entity;
}

/**
 * Runs of MLflow: each selected experiment is a model whose runs compete, each selected registered model one whose
 * versions do. A store that can no longer be read is represented by its last listing; after a restart, by the cached
 * one of the last process.
 */
export class MlflowRunSource extends RunSource {
  private readonly inspector = new RunInspector();
  private readonly candidates: CandidateReader;
  private last: SourceModel[] | undefined;
  private pending: Promise<SourceModel[]> | undefined;
  private readAt: Date | undefined;
  private unavailableReason: StoreUnavailableError | undefined;
  private isCut = false;
  /** By model: what is worth knowing of its card, although it is usable. */
  private readonly cardWarnings = new Map<string, readonly string[]>();
  private getHints: GetExaminationHints = () => Promise.resolve({ mustExamine: new Set(), skip: new Set() });
  /** Ids of the last listing by model name, so that another experiment does not take over a name. */
  private holders: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly store: MlflowStore,
    private readonly selection: MlflowSelection,
  ) {
    super();
    this.candidates = new CandidateReader(store);
  }

  get description(): string {
    return this.store.description;
  }

  get statuses(): readonly SourceStatus[] {
    const { readAt, unavailableReason } = this;
    return [
      { source: 'mlflow', readAt, problem: unavailableReason && `MLflow cannot be read: ${unavailableReason.message}` },
    ];
  }

  override get warnings(): readonly string[] {
    const { store, unavailableReason } = this;
    const unavailableWarning =
      unavailableReason && `${this.describe(unavailableReason)} Its last known listing is served.`;
    const cutWarning = this.isCut && `${this.description} has more than ${MAX_MODELS} models: the others are left out.`;
    const all = [unavailableWarning, cutWarning, ...store.warnings, ...[...this.cardWarnings.values()].flat()];
    return all.filter((warning) => typeof warning === 'string');
  }

  override useExaminationHints(getHints: GetExaminationHints): void {
    this.getHints = getHints;
  }

  override close(): void {
    this.store.close();
  }

  /** Only one listing runs at a time: concurrent callers share its result. */
  listModels(): Promise<SourceModel[]> {
    this.pending ??= this.readModels().finally(() => (this.pending = undefined));
    return this.pending;
  }

  private async readModels(): Promise<SourceModel[]> {
    try {
      this.last = await this.store.read(() => this.list());
      this.readAt = new Date();
      this.unavailableReason = undefined;
      return this.last;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.unavailableReason = error;
      this.last ??= await this.store.replay(() => this.list());
      if (!this.last) throw new Error(this.describe(error), { cause: error });
      return this.last;
    }
  }

  private describe({ message, serverMessage }: StoreUnavailableError): string {
    return `MLflow at ${this.description} cannot be read: ${message}${serverMessage ? ` It says: ${serverMessage}` : ''}`;
  }

  private async list(): Promise<SourceModel[]> {
    const { experiments, models } = this.selection;
    const taken = new Map<string, string>();
    const listing: SourceModel[] = [];
    const add = async (model: SourceModel) => {
      // Of a hundred thousand that are not served, none is asked for: others must run in between.
      if (++seen % PER_TURN === 0) await nextTurn();
      if (model !== NO_MATCH) listing.push(model);
      return listing.length < MAX_MODELS;
    };
    let seen = 0;
    let isAll = true;
    for (const found of await this.findExperiments(experiments)) {
      if (!isAll) break;
      isAll = await add(await this.readExperiment(found, taken));
    }
    for (const found of await this.findModels(models)) {
      if (!isAll) break;
      isAll = await add(await this.readRegisteredModel(found, taken));
    }
    this.isCut = !isAll;
    this.inspector.endListing();
    this.holders = taken;
    for (const name of this.cardWarnings.keys()) if (!taken.has(name)) this.cardWarnings.delete(name);
    return listing;
  }

  private async findExperiments(items: readonly MlflowItem[]): Promise<Found<MlflowExperiment | string>[]> {
    const named = items.filter(({ name }) => name !== undefined);
    const found: Found<MlflowExperiment | string>[] = [];
    for (const item of named) found.push({ item, entity: (await this.store.findExperiment(item.name!)) ?? item.name! });
    const all = items.find(({ name }) => name === undefined);
    if (!all) return found;
    const rest = (await this.store.listExperiments()).filter(({ name }) => !named.some((item) => item.name === name));
    const held = new Set(this.holders.values());
    const isHolder = (one: MlflowExperiment) =>
      held.has(one.id) && this.holders.get(deriveCard(originOf(one), all).name) === one.id;
    rest.sort(byAge);
    const holdersFirst = [...rest.filter(isHolder), ...rest.filter((one) => !isHolder(one))];
    return [...found, ...holdersFirst.map((entity) => ({ item: all, entity }))];
  }

  private async findModels(items: readonly MlflowItem[]): Promise<Found<MlflowRegisteredModel | string>[]> {
    const named = items.filter(({ name }) => name !== undefined);
    const all = items.find(({ name }) => name === undefined);
    const rest = all
      ? (await this.store.listRegisteredModels()).filter((name) => !named.some((i) => i.name === name))
      : [];
    const requested = [
      ...named.map((item) => [item, item.name!] as const),
      ...rest.map((name) => [all!, name] as const),
    ];
    const found: Found<MlflowRegisteredModel | string>[] = [];
    for (const [item, name] of requested) {
      found.push({ item, entity: (await this.store.findRegisteredModel(name)) ?? name });
    }
    return found;
  }

  private async readExperiment(
    { item, entity }: Found<MlflowExperiment | string>,
    taken: Map<string, string>,
  ): Promise<SourceModel> {
    if (typeof entity === 'string') return missing(item, `MLflow has no experiment named "${entity}".`);
    const origin = originOf(entity);
    const mlflowCard = deriveCard(origin, item);
    if (!isMatch(mlflowCard, origin, item)) return NO_MATCH;
    const runs = await this.store.listRuns(entity.id);
    const candidates = await this.candidates.ofRuns(mlflowCard, entity.id, runs);
    return this.toModel(mlflowCard, taken, candidates, { ...origin, id: entity.id });
  }

  private async readRegisteredModel(
    { item, entity }: Found<MlflowRegisteredModel | string>,
    taken: Map<string, string>,
  ): Promise<SourceModel> {
    if (typeof entity === 'string') return missing(item, `MLflow has no registered model named "${entity}".`);
    const origin: CardOrigin = { kind: 'registered model', ...entity };
    const mlflowCard = deriveCard(origin, item);
    if (!isMatch(mlflowCard, origin, item)) return NO_MATCH;
    const candidates = await this.candidates.ofVersions(mlflowCard, item.alias, entity.versions);
    return this.toModel(mlflowCard, taken, candidates, { ...origin, id: entity.name });
  }

  private async toModel(
    { name, card, issues, warnings }: MlflowCard,
    taken: Map<string, string>,
    candidates: readonly Candidate[],
    origin: CardOrigin & { readonly id: string },
  ): Promise<SourceModel> {
    if (taken.has(name)) {
      const problem = `Another entry is called ${name} here: give this one another name with ?name=… or the tag bestrun.name.`;
      // Under another location, so that the runs of the model with the name are not affected.
      return { location: `${name} (${origin.kind} ${origin.name})`, card: undefined, issues: [problem], runs: [] };
    }
    taken.set(name, origin.id);
    this.cardWarnings.set(
      name,
      warnings.map((warning) => `Model ${name}: ${warning}`),
    );
    const runs = await this.inspector.inspect(candidates, card?.selection, await this.getHints(name));
    return { location: name, card, issues, runs };
  }
}

function originOf({ name, tags }: MlflowExperiment): CardOrigin {
  return { kind: 'experiment', name, description: tags['mlflow.note.content'] ?? '', tags };
}

/** Older experiments first: MLflow assigns increasing ids. */
function byAge({ id: a }: MlflowExperiment, { id: b }: MlflowExperiment): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** Whether the operator or the owner of an entry wants it served, even if the rest of its card is invalid. */
function isMatch({ card }: MlflowCard, { tags }: CardOrigin, item: MlflowItem): boolean {
  return card !== undefined || item.name !== undefined || Object.keys(tags).some((tag) => tag.startsWith(TAG_PREFIX));
}

/** An entry that only `*` found and whose owner did not say that it is to be served. */
const NO_MATCH: SourceModel = { location: '', card: undefined, issues: [], runs: [] };

function missing(item: MlflowItem, problem: string): SourceModel {
  return { location: item.as ?? modelNameOf(item.name!), card: undefined, issues: [problem], runs: [] };
}
