import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { ModelCard } from '../../domain/card.js';
import { JsonSyntaxError, parseJson } from '../../domain/json-text.js';
import { mapInParallel } from '../map-in-parallel.js';
import type { SourcedModel } from '../run-source.js';
import { RunSource } from '../run-source.js';
import { compileSchemaCheck } from '../schema-check.js';
import type { SchemaCheck } from '../schema-check.js';
import { readRun } from './read-run.js';

/** Run folders read at the same time; more only wait for the disk. */
const PARALLEL_READS = 16;

/** Runs in a folder: `{model}/card.json` and `{model}/runs/{run}/run.json` (docs/run-format.md). */
export class LocalRunSource extends RunSource {
  private readonly checkCard: SchemaCheck = compileSchemaCheck('card');
  private readonly checkRun: SchemaCheck = compileSchemaCheck('run');

  /** @param folder  absolute path of the store. */
  constructor(private readonly folder: string) {
    super();
  }

  get description(): string {
    return this.folder;
  }

  async listModels(): Promise<SourcedModel[]> {
    const names = await foldersIn(this.folder).catch((error: unknown) => {
      throw new Error(
        `The models folder ${this.folder} cannot be read. Set MODELS_DIR to the folder that holds your models.`,
        {
          cause: error,
        },
      );
    });
    const models: SourcedModel[] = [];
    for (const name of names) models.push(await this.readModel(name));
    return models;
  }

  private async readModel(name: string): Promise<SourcedModel> {
    const folder = join(this.folder, name);
    const { card, problems } = await this.readCard(folder);
    const runNames = await foldersIn(join(folder, 'runs')).catch(() => []);
    const runs = await mapInParallel(runNames, PARALLEL_READS, (run) =>
      readRun(join(folder, 'runs', run), `${name}/runs/${run}`, this.folder, this.checkRun),
    );
    return { place: name, card, problems, runs };
  }

  private async readCard(folder: string): Promise<{ card: ModelCard | undefined; problems: string[] }> {
    try {
      const document = parseJson((await readFile(join(folder, 'card.json'), 'utf8')).replace(/^\uFEFF/, ''));
      const problems = this.checkCard(document).map(({ pointer, expected }) => `card.json ${pointer}: ${expected}.`);
      if (problems.length > 0) return { card: undefined, problems };
      const card = document as unknown as ModelCard;
      if (card.name === basename(folder)) return { card, problems };
      return { card: undefined, problems: [`card.json /name: must be the folder's name, "${basename(folder)}".`] };
    } catch (error) {
      const problem =
        error instanceof JsonSyntaxError
          ? `card.json is not JSON: ${error.message}.`
          : 'There is no readable card.json.';
      return { card: undefined, problems: [problem] };
    }
  }
}

/** Names of the folders (and links to folders) inside, sorted; hidden ones are left out. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}
