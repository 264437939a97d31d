import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { DecodeSpec } from '../../src/domain/decode-spec.js';
import type { EncodeSpec } from '../../src/domain/encode-spec.js';
import type { JsonObject } from '../../src/lib/json/json.js';
import type { Signature } from '../../src/domain/signature.js';
import { readContract } from './prepared.js';
import type { Prepared } from './prepared.js';
import type { LayersArtifact } from './layers-artifact.js';

const CODE_VERSION = '1.0.0';
/** The wasm, native and cpu backends add float32 numbers in different orders. */
const TOLERANCE = 1e-5;

/** What a trainer hands over. */
export interface TrainedRun {
  readonly model: string;
  readonly name: string;
  readonly runId: string;
  readonly description: string;
  /** ISO 8601; fixed, so that training again writes the same bytes. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly params: JsonObject;
  readonly metrics: Readonly<Record<string, number>>;
  readonly performance: object;
  readonly artifact: LayersArtifact;
  /** Other files of the run that `encode` names, by path. */
  readonly files?: Readonly<Record<string, Buffer>>;
  readonly encode: EncodeSpec;
  readonly decode: DecodeSpec;
  /** The model in memory: input rows → output rows with all fields. */
  predict(inputs: readonly JsonObject[]): JsonObject[];
}

/** Folders to write to: the store and the held-out fixtures. */
export interface Output {
  readonly models: string;
  readonly fixtures: string;
}

/** run.json, model.json, weights.bin and the fixture of a run, with the outputs of the model in memory. */
export function writeRun<Target>(output: Output, run: TrainedRun, prepared: Prepared<JsonObject, Target>): void {
  const contract = readContract(run.model);
  const folder = join(output.models, run.model, 'runs', run.name);
  const files: Record<string, Buffer> = {
    'model.json': run.artifact.modelJson,
    'weights.bin': run.artifact.weights,
    ...run.files,
  };
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes);
  const rows = new Map(prepared.rows.map((row) => [row.id, row.input]));
  const examples = [...contract.examples, ...prepared.example_ids.map((id) => rows.get(id)!)];
  writeJson(join(folder, 'run.json'), {
    run_id: run.runId,
    name: run.name,
    description: run.description,
    status: 'FINISHED',
    started_at: run.startedAt,
    ended_at: run.endedAt,
    params: {
      ...run.params,
      average: 'weighted',
      num_samples: prepared.rows.length,
      data_file: prepared.data_file,
      data_sha256: prepared.data_sha256,
      code_version: CODE_VERSION,
    },
    metrics: run.metrics,
    performance: run.performance,
    tags: { trainer: 'typescript' },
    signature: withObserved(contract.signature, prepared.observed),
    model: {
      format: 'tfjs-layers',
      path: 'model.json',
      sha256: sha256(run.artifact.modelJson),
      files: [{ path: 'weights.bin', sha256: sha256(run.artifact.weights) }],
    },
    encode: run.encode,
    decode: run.decode,
    examples: withOutputs(examples, run),
    self_test: { tolerance: TOLERANCE },
  });
  const fixture = { tolerance: TOLERANCE, rows: withOutputs(fixtureInputs(prepared), run) };
  writeJson(join(output.fixtures, run.model, `${run.name}.json`), fixture);
}

/** Lower-case hex digest, as run.json wants it. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The held-out rows of a fixture. Every fifth passenger comes without a class, to cover the absent value. */
function fixtureInputs<Target>(prepared: Prepared<JsonObject, Target>): JsonObject[] {
  const rows = new Map(prepared.rows.map((row) => [row.id, row.input]));
  return prepared.fixture_ids.map((id, i) => {
    const { pclass, ...others } = rows.get(id)!;
    return pclass === undefined || i % 5 === 0 ? others : { ...others, pclass };
  });
}

/** The signature with what training saw in its input fields. */
function withObserved({ input, output }: Signature, observed: Prepared<JsonObject, unknown>['observed']): Signature {
  const fields = Object.entries(input.properties).map(([name, field]) => [
    name,
    { ...field, ...(observed[name] && { 'x-observed': observed[name] }) },
  ]);
  return { input: { ...input, properties: Object.fromEntries(fields) as Signature['input']['properties'] }, output };
}

function withOutputs(inputs: readonly JsonObject[], run: TrainedRun): { input: JsonObject; output: JsonObject }[] {
  const outputs = run.predict(inputs);
  return inputs.map((input, i) => ({ input, output: outputs[i]! }));
}

function writeJson(path: string, content: object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${withShortPixels(JSON.stringify(content, null, 2))}\n`);
}

/** Pictures on one line each instead of a line a pixel. */
function withShortPixels(text: string): string {
  return text.replaceAll(
    /("pixels": )(\[[\s\d.,[\]]*\])/g,
    (_, key: string, list: string) => key + list.replaceAll(/\s+/g, ''),
  );
}
