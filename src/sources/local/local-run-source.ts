import { join } from 'node:path';

import type { ModelCard } from '../../domain/card.js';
import { JsonSyntaxError, parseJson } from '../../lib/json-text.js';
import { Disk } from '../files/disk.js';
import { TOO_LARGE } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import { FileThread } from '../files/file-thread.js';
import type { RunCheck, SourceModel, SourceStatus } from '../run-source.js';
import { RunSource } from '../run-source.js';
import { loadSchemaCheck } from '../schema-check.js';
import type { SchemaCheck } from '../schema-check.js';
import { fingerprintOf, unreadable } from './fingerprint.js';
import { toReadReason } from './read-error-reason.js';
import { RunCache } from './run-cache.js';
import type { RunLocation } from './run-cache.js';
import { RunReader } from './run-reader.js';
import { UnsettledRetry } from './unsettled-retry.js';
import { FolderWatch } from './watch-folders.js';

/** Names that a card may have, as schemas/card.schema.json says. */
const MODEL_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** A larger card is refused: it is read at every poll. */
const MAX_CARD_BYTES = 256 * 1024;
const DEFAULT_MAX_MODEL_BYTES = 16 * 1024 ** 3;
const DEFAULT_CHECK_TIMEOUT_MS = 600_000;

/** How a folder of models is read; every field has a default. */
export interface LocalSourceOptions {
  /** How long the files of a run must stay as they are before they are read, except at the first time, milliseconds. */
  readonly settleMs?: number;
  /** Name of the one folder inside that is looked at; all unless set. */
  readonly onlyModel?: string | undefined;
  /** Largest model, all its files together, bytes. */
  readonly maxModelBytes?: number;
  /** Longest time that the check of a run may take, milliseconds. */
  readonly checkTimeoutMs?: number;
  /** What is asked for files. */
  readonly disk?: Disk;
}

/**
 * Runs in a folder: `{model}/card.json` and `{model}/runs/{run}/run.json` (docs/run-format.md). Later listings read
 * only what changed: unchanged cards and runs are the same objects as before. Nothing in the folder of one model keeps
 * another waiting: sizes come before contents, what takes long is not waited for, and a folder that does not answer is
 * given up.
 */
export class LocalRunSource extends RunSource {
  private readonly checkCard: SchemaCheck = loadSchemaCheck('card');
  private readonly disk: Disk;
  private readonly threads = { small: new FileThread(), large: new FileThread() };
  private readonly runs: RunCache;
  private cards: ReadonlyMap<string, Card> = new Map();
  private runNames: ReadonlyMap<string, readonly string[]> = new Map();
  private readAt: Date | undefined;
  private problem: string | undefined;
  private folderWatch: FolderWatch | undefined;
  private readonly nextHint: UnsettledRetry;
  private readonly isWanted: (name: string) => boolean;

  /** @param folder  absolute path of the store. */
  constructor(
    private readonly folder: string,
    {
      settleMs = 1_000,
      onlyModel,
      maxModelBytes = DEFAULT_MAX_MODEL_BYTES,
      checkTimeoutMs = DEFAULT_CHECK_TIMEOUT_MS,
      disk = new Disk(),
    }: LocalSourceOptions = {},
  ) {
    super();
    this.isWanted = (name) => onlyModel === undefined || name === onlyModel;
    this.disk = disk;
    const check = loadSchemaCheck('run');
    const { threads } = this;
    const reader = new RunReader({ store: folder, check, disk, threads, maxModelBytes, checkTimeoutMs });
    this.runs = new RunCache({
      read: (location, request) => reader.read(location, request),
      fingerprintOf: (path) => this.fingerprintOf(path),
      settleMs,
    });
    this.nextHint = new UnsettledRetry(settleMs);
  }

  get description(): string {
    return this.folder;
  }

  get statuses(): readonly SourceStatus[] {
    return [{ source: 'directory', readAt: this.readAt, problem: this.problem ?? this.hungProblem }];
  }

  override get warnings(): readonly string[] {
    const { hungProblem } = this;
    return hungProblem === undefined ? [] : [`${hungProblem} ${this.disk.hungPlaces.join(', ')}`];
  }

  override get checks(): readonly RunCheck[] {
    return this.runs.checks;
  }

  override nextChecked(): Promise<void> {
    return this.runs.nextChecked();
  }

  override close(): void {
    this.runs.close();
    this.threads.small.close();
    this.threads.large.close();
  }

  /** Safe to publish: it names no path. */
  private get hungProblem(): string | undefined {
    const count = this.disk.hungPlaces.length;
    if (count === 0) return undefined;
    return `The disk does not answer for ${count} of the folders in the models folder: what was known of them counts.`;
  }

  async listModels(): Promise<SourceModel[]> {
    await this.folderWatch?.update();
    const present = await this.listDirs(this.folder, this.folder).catch((error: NodeJS.ErrnoException) => {
      const isHung = error.code === 'ETIMEDOUT';
      this.problem = `The models folder ${isHung ? 'does not answer' : `cannot be read (${error.code ?? 'unknown'})`}.`;
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
    const folderWatch = new FolderWatch(this.folder, this.disk, onHint);
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
    const folder = join(this.folder, model);
    return this.listDirs(folder, join(folder, 'runs')).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? [] : (this.runNames.get(model) ?? []),
    );
  }

  private async readCard(name: string): Promise<Card> {
    const folder = join(this.folder, name);
    const known = this.cards.get(name);
    try {
      const read = (fileSystem: FileSystem) => fileSystem.readRegular(join(folder, 'card.json'), MAX_CARD_BYTES);
      const text = (await this.disk.call(folder, read)).toString('utf8');
      return known?.text === text ? known : { text, isMissing: false, ...this.parseCard(name, text) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // What was read a moment ago counts while the disk does not answer.
      if (code === 'ETIMEDOUT' && known) return known;
      // Without read permission, only the name tells that a folder (for example lost+found) is no model.
      const isMissing = code === 'ENOENT' || code === 'ENOTDIR' || !MODEL_NAME.test(name);
      return { text: undefined, isMissing, card: undefined, issues: [cardIssueOf(error)] };
    }
  }

  private listDirs(place: string, folder: string): Promise<string[]> {
    return this.disk.call(place, (fileSystem) => listDirs(folder, fileSystem));
  }

  private fingerprintOf(path: string): Promise<string | undefined> {
    return this.disk
      .call(path, (fileSystem) => fingerprintOf(path, fileSystem))
      .catch((error: NodeJS.ErrnoException) => unreadable(error.code));
  }

  private parseCard(name: string, text: string): Pick<Card, 'card' | 'issues'> {
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

/** What is wrong with a card that cannot be read. */
function cardIssueOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const isNamed = code === TOO_LARGE || code === 'ETIMEDOUT';
  const missing = 'There is no readable card.json.';
  return isNamed ? toReadReason('RUN_FILE_MISSING', 'card.json', error, missing, MAX_CARD_BYTES).message : missing;
}

/** Names of the folders (and links to folders) inside, sorted; hidden ones are left out. */
async function listDirs(folder: string, fileSystem: FileSystem): Promise<string[]> {
  const entries = await fileSystem.entries(folder);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
