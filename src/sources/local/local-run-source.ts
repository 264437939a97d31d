import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ModelCard } from '../../domain/card.js';
import { JsonSyntaxError, parseJson } from '../../lib/json-text.js';
import type { SourceModel, SourceStatus } from '../run-source.js';
import { RunSource } from '../run-source.js';
import { loadSchemaCheck } from '../schema-check.js';
import type { SchemaCheck } from '../schema-check.js';
import { readRegularFile } from './read-regular-file.js';
import { readRun } from './read-run.js';
import { RunCache } from './run-cache.js';
import type { RunLocation } from './run-cache.js';
import { UnsettledRetry } from './unsettled-retry.js';
import { FolderWatch } from './watch-folders.js';

/** Names that a card may have, as schemas/card.schema.json says. */
const MODEL_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Runs in a folder: `{model}/card.json` and `{model}/runs/{run}/run.json` (docs/run-format.md). Later listings read
 * only what changed: unchanged cards and runs are the same objects as before.
 */
export class LocalRunSource extends RunSource {
  private readonly checkCard: SchemaCheck = loadSchemaCheck('card');
  private readonly checkRun: SchemaCheck = loadSchemaCheck('run');
  private readonly runs: RunCache;
  private cards: ReadonlyMap<string, Card> = new Map();
  private runNames: ReadonlyMap<string, readonly string[]> = new Map();
  private readAt: Date | undefined;
  private problem: string | undefined;
  private folderWatch: FolderWatch | undefined;
  private readonly nextHint: UnsettledRetry;
  private readonly isWanted: (name: string) => boolean;

  /**
   * @param folder  absolute path of the store.
   * @param settleMs  how long the files of a run must stay as they are before they are read, except at the first time.
   * @param onlyModel  name of the one folder inside that is looked at; all unless set.
   */
  constructor(
    private readonly folder: string,
    settleMs = 1_000,
    { onlyModel }: { readonly onlyModel?: string | undefined } = {},
  ) {
    super();
    this.isWanted = (name) => onlyModel === undefined || name === onlyModel;
    this.runs = new RunCache(({ path, location }) => readRun(path, location, folder, this.checkRun), settleMs);
    this.nextHint = new UnsettledRetry(settleMs);
  }

  get description(): string {
    return this.folder;
  }

  get statuses(): readonly SourceStatus[] {
    return [{ source: 'directory', readAt: this.readAt, problem: this.problem }];
  }

  async listModels(): Promise<SourceModel[]> {
    await this.folderWatch?.update();
    const present = await listDirs(this.folder).catch((error: NodeJS.ErrnoException) => {
      this.problem = `The models folder cannot be read (${error.code ?? 'unknown'}).`;
      throw new Error(
        `The models folder ${this.folder} cannot be read. Set MODELS_DIR to the folder that holds your models.`,
        { cause: error },
      );
    });
    const paths = present.filter(this.isWanted);
    const runNames = await mapOf(paths, (name) => this.listRuns(name));
    const cards = await mapOf(paths, (name) => this.readCard(name));
    const names = paths.filter((name) => this.cards.has(name) || isModel(cards.get(name)!, runNames.get(name)!));
    // A volume that is no longer mounted leaves an empty folder.
    if (names.length === 0 && this.cards.size > 0) {
      this.problem = 'The models folder no longer holds any models.';
      return [];
    }
    this.cards = new Map(names.map((name) => [name, cards.get(name)!]));
    this.runNames = runNames;
    const placesByModel = names.map((name) => this.runNames.get(name)!.map((run) => this.locationOf(name, run)));
    const found = await this.runs.refresh(placesByModel.flat());
    this.nextHint.onListing(this.runs.hasUnsettled);
    this.readAt = new Date();
    this.problem = undefined;
    return names.map((name, i) => {
      const runs = placesByModel[i]!.flatMap(({ path }) => found.get(path) ?? []);
      const { card, issues } = this.cards.get(name)!;
      return { location: name, card, issues, runs };
    });
  }

  override watch(onHint: () => void): () => void {
    const folderWatch = new FolderWatch(this.folder, onHint);
    this.folderWatch = folderWatch;
    this.nextHint.onHint = onHint;
    return () => {
      this.folderWatch = undefined;
      this.nextHint.end();
      folderWatch.end();
    };
  }

  private locationOf(model: string, run: string): RunLocation {
    return { path: join(this.folder, model, 'runs', run), location: `${model}/runs/${run}` };
  }

  /** Names of a model's runs; the last known ones while the folder exists but cannot be read. */
  private async listRuns(model: string): Promise<readonly string[]> {
    return listDirs(join(this.folder, model, 'runs')).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? [] : (this.runNames.get(model) ?? []),
    );
  }

  private async readCard(name: string): Promise<Card> {
    let isMissing = false;
    const file = join(this.folder, name, 'card.json');
    const bytes = await readRegularFile(file).catch((error: NodeJS.ErrnoException) => {
      // Without read permission, only the name tells that a folder (for example lost+found) is no model.
      isMissing = error.code === 'ENOENT' || error.code === 'ENOTDIR' || !MODEL_NAME.test(name);
      return undefined;
    });
    const text = bytes?.toString('utf8');
    const known = this.cards.get(name);
    return known && known.text === text ? known : { text, isMissing, ...this.parseCard(name, text) };
  }

  private parseCard(name: string, text: string | undefined): Pick<Card, 'card' | 'issues'> {
    if (text === undefined) return { card: undefined, issues: ['There is no readable card.json.'] };
    try {
      const document = parseJson(text.replace(/^\uFEFF/, ''));
      const issues = this.checkCard(document).map(({ pointer, expected }) => `card.json ${pointer}: ${expected}.`);
      if (issues.length > 0) return { card: undefined, issues };
      const card = document as unknown as ModelCard;
      if (card.name === name) return { card, issues };
      return { card: undefined, issues: [`card.json /name: must be the folder's name, "${name}".`] };
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      return { card: undefined, issues: [`card.json is not JSON: ${error.message}.`] };
    }
  }
}

/** A card with the text it was read from. */
interface Card {
  readonly text: string | undefined;
  /** Whether the file does not exist, rather than being unreadable. */
  readonly isMissing: boolean;
  readonly card: ModelCard | undefined;
  readonly issues: readonly string[];
}

/** Whether a folder is a model: one without a card and without runs is not. */
function isModel({ isMissing }: Card, runs: readonly string[]): boolean {
  return !isMissing || runs.length > 0;
}

async function mapOf<T>(names: readonly string[], valueOf: (name: string) => Promise<T>): Promise<Map<string, T>> {
  return new Map(await Promise.all(names.map(async (name) => [name, await valueOf(name)] as const)));
}

/** Names of the folders (and links to folders) inside, sorted; hidden ones are left out. */
async function listDirs(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
