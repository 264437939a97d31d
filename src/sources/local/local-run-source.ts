import { join } from 'node:path';

import type { ModelCard } from '../../domain/card.js';
import { JsonSyntaxError, parseJson } from '../../lib/json/json-text.js';
import { Disk } from '../files/disk.js';
import { TOO_LARGE } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import { FileThread } from '../files/file-thread.js';
import type {
  GetExaminationHints,
  ListingOptions,
  RunCheck,
  SourceModel,
  SourceRun,
  SourceStatus,
} from '../run-source.js';
import { RunSource } from '../run-source.js';
import { loadSchemaCheck } from '../schema-check.js';
import type { SchemaCheck } from '../schema-check.js';
import { fingerprintOf, unreadable } from './fingerprint.js';
import { toReadReason } from './read-error-reason.js';
import { LooksInTurn } from './looks-in-turn.js';
import { RunCache } from './run-cache.js';
import type { RunLocation } from './run-cache.js';
import { RunFolders, listDirs } from './run-folders.js';
import { RunReader } from './run-reader.js';
import { StoreScan } from './scan/store-scan.js';
import { UnsettledRetry } from './unsettled-retry.js';
import { FolderWatch } from './watch-folders.js';

/** Names that a card may have, as schemas/card.schema.json says. */
const MODEL_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** A larger card is refused: it is read at every poll. */
const MAX_CARD_BYTES = 256 * 1024;
const DEFAULT_MAX_MODEL_BYTES = 16 * 1024 ** 3;
const DEFAULT_CHECK_TIMEOUT_MS = 600_000;
/** Longest time that a thread may take for some folders at the first listing, milliseconds. */
const SCAN_TIMEOUT_MS = 10_000;
/** Fewer runs are read soon enough one by one. */
const MIN_SCANNED = 500;
/** Run folders looked at in one regular listing; all of them in most stores. */
const MAX_LOOKS = 1_000;

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
  /** Fewest runs of a store that threads read at the first listing. */
  readonly minScanned?: number;
  /** Most runs that a listing which may take turns looks at, beside those that cannot wait. */
  readonly maxLooks?: number;
}

/**
 * Runs in a folder: `{model}/card.json` and `{model}/runs/{run}/run.json` (docs/run-format.md). Later listings read
 * only what changed: unchanged cards, runs and models are the same objects as before. Nothing in the folder of one model keeps
 * another waiting: sizes come before contents, what takes long is not waited for, and a folder that does not answer is
 * given up.
 */
export class LocalRunSource extends RunSource {
  private readonly checkCard: SchemaCheck = loadSchemaCheck('card');
  private readonly disk: Disk;
  private readonly threads = { small: new FileThread(), large: new FileThread() };
  private readonly runs: RunCache;
  private readonly scan: StoreScan;
  private readonly maxLooks: number;
  private cards: ReadonlyMap<string, Card> = new Map();
  private readonly folders: RunFolders;
  private locations: Locations = { byModel: [], all: [] };
  private listed: ReadonlyMap<string, ListedModel> = new Map();
  private getHints: GetExaminationHints | undefined;
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
      minScanned = MIN_SCANNED,
      maxLooks = MAX_LOOKS,
    }: LocalSourceOptions = {},
  ) {
    super();
    this.isWanted = (name) => onlyModel === undefined || name === onlyModel;
    this.disk = disk;
    this.folders = new RunFolders(folder, disk);
    const check = loadSchemaCheck('run');
    const { threads } = this;
    const reader = new RunReader({ store: folder, check, disk, threads, maxModelBytes, checkTimeoutMs });
    const { shared } = reader;
    this.scan = new StoreScan({
      store: folder,
      disk,
      shared,
      maxModelBytes,
      timeoutMs: SCAN_TIMEOUT_MS,
      minFolders: minScanned,
    });
    this.maxLooks = maxLooks;
    this.runs = new RunCache({
      scan: (places, onFound) =>
        this.scan.scan(places, (place, { fingerprint, folder: path, run }) =>
          onFound(place, fingerprint, reader.accept(place, path, run)),
        ),
      read: (location, request) => reader.read(location, request),
      fingerprintOf: (path) => this.fingerprintOf(path),
      settleMs,
      looks: new LooksInTurn(maxLooks),
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
    this.scan.close();
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

  override useExaminationHints(getHints: GetExaminationHints): void {
    this.getHints = getHints;
  }

  async listModels({ mayTakeTurns = false }: ListingOptions = {}): Promise<SourceModel[]> {
    await this.folderWatch?.update();
    const present = await this.listPresent();
    const found = await mapOf(present, (name) => this.folders.list(name, { mayTrustDate: mayTakeTurns }));
    const cards = await mapOf(present, (name) => this.readCard(name));
    const names = present.filter((name) => this.cards.has(name) || isModel(cards.get(name)!, found.get(name)!));
    // A volume that is no longer mounted leaves an empty folder.
    if (names.length === 0 && this.cards.size > 0) {
      this.problem = 'The models folder no longer holds any models.';
      return [];
    }
    this.folders.retain(new Set(present));
    this.cards = new Map(names.map((name) => [name, cards.get(name)!]));
    const locations = this.locationsOf(names.map((name) => found.get(name)!));
    const requiredIds =
      mayTakeTurns && locations.length > this.maxLooks ? await this.requiredIds(names) : new Set<string>();
    const sourceRuns = await this.runs.refresh(locations, { mayTakeTurns, requiredIds });
    this.nextHint.onListing(this.runs.hasUnsettled);
    this.readAt = new Date();
    this.problem = undefined;
    const listed = names.map((name) => this.toModel(name, found.get(name)!, sourceRuns));
    this.listed = new Map(listed.map((model) => [model.model.location, model]));
    return listed.map(({ model }) => model);
  }

  private async listPresent(): Promise<readonly string[]> {
    const present = await this.listDirs(this.folder, this.folder).catch((error: NodeJS.ErrnoException) => {
      const isHung = error.code === 'ETIMEDOUT';
      this.problem = `The models folder ${isHung ? 'does not answer' : `cannot be read (${error.code ?? 'unknown'})`}.`;
      throw new Error(
        `The models folder ${this.folder} cannot be read. Set MODELS_DIR to the folder that holds your models.`,
        { cause: error },
      );
    });
    return present.filter(this.isWanted);
  }

  /** Of all models; the same list as long as it is the same of each. */
  private locationsOf(byModel: readonly (readonly RunLocation[])[]): readonly RunLocation[] {
    const { locations } = this;
    const isSame =
      byModel.length === locations.byModel.length && byModel.every((list, i) => list === locations.byModel[i]);
    if (!isSame) this.locations = { byModel, all: byModel.flat() };
    return this.locations.all;
  }

  private async requiredIds(names: readonly string[]): Promise<ReadonlySet<string>> {
    const { getHints } = this;
    const hints = getHints ? await Promise.all(names.map((name) => getHints(name))) : [];
    return new Set(hints.flatMap(({ mustExamine }) => [...mustExamine]));
  }

  /** The same object as at the last listing when nothing of it has changed. */
  private toModel(
    name: string,
    locations: readonly RunLocation[],
    sourceRuns: ReadonlyMap<string, SourceRun>,
  ): ListedModel {
    const card = this.cards.get(name)!;
    const known = this.listed.get(name);
    if (known?.card === card && known.locations === locations && known.sourceRuns === sourceRuns) return known;
    const runs = locations.flatMap(({ path }) => sourceRuns.get(path) ?? []);
    const model = { location: name, card: card.card, issues: card.issues, runs };
    return { card, locations, sourceRuns, model };
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
      .call(path, (fileSystem) => fingerprintOf(path, this.folder, fileSystem))
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

/** The run folders of each model, and of all. */
interface Locations {
  readonly byModel: readonly (readonly RunLocation[])[];
  readonly all: readonly RunLocation[];
}

/** A model as it was listed last, and what it was made of. */
interface ListedModel {
  readonly card: Card;
  readonly locations: readonly RunLocation[];
  readonly sourceRuns: ReadonlyMap<string, SourceRun>;
  readonly model: SourceModel;
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
function isModel({ isMissing }: Card, runs: readonly RunLocation[]): boolean {
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
