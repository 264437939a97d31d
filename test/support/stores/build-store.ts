import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ModelCard } from '../../../src/domain/card.js';
import type { Column, EncodeSpec } from '../../../src/domain/encode-spec.js';
import type { Run } from '../../../src/domain/run.js';

const ENGINE_FIXTURES = join(__dirname, '..', '..', 'fixtures', 'engines');

/** A store of tiny real models in a temporary folder. */
export class TestStore {
  readonly folder = mkdtempSync(join(tmpdir(), 'bestrun-store-'));

  /** Adds a model; only what matters to the test need be named. */
  addModel(name: string, card: Partial<ModelCard> = {}): this {
    this.write(`${name}/card.json`, {
      name,
      title: `The model ${name}`,
      description: 'A tiny model for tests.',
      task: 'regression',
      selection: { metric: 'f1', goal: 'maximize' },
      ...card,
    });
    mkdirSync(join(this.folder, name, 'runs'), { recursive: true });
    return this;
  }

  /**
   * Adds a run of the model that adds `a` and `b`.
   *
   * @param run  fields of run.json that differ.
   * @param fixture  another engine fixture than `onnx-sum`.
   */
  addRun(model: string, name: string, run: Partial<Run> = {}, fixture = 'onnx-sum'): this {
    const folder = join(this.folder, model, 'runs', name);
    cpSync(join(ENGINE_FIXTURES, fixture), join(folder, 'artifacts'), { recursive: true });
    this.write(`${model}/runs/${name}/run.json`, {
      ...sumRun(name, sha256(join(folder, 'artifacts', 'model.onnx'))),
      ...run,
    });
    return this;
  }

  /** Writes any file of the store; objects as JSON. */
  write(path: string, content: object | string): this {
    const file = join(this.folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return this;
  }

  /** What a JSON file of the store holds. */
  readJson(path: string): Record<string, unknown> {
    return JSON.parse(readFileSync(this.path(path), 'utf8')) as Record<string, unknown>;
  }

  /** Absolute path of a file of the store. */
  path(path: string): string {
    return join(this.folder, path);
  }

  /** A server that ends may still be writing its state: the folder is tried again then. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Lower-case hex SHA-256 of a file; of nothing when there is none. */
export function sha256(file: string): string {
  const hash = createHash('sha256');
  try {
    hash.update(readFileSync(file));
  } catch {
    // A fixture without that file: the test brings its own digest.
  }
  return hash.digest('hex');
}

/** How `onnx-sum` takes the two numbers that it adds. */
export function sumEncoding(first: Column, second: Column): EncodeSpec {
  return { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [first, second] }] };
}

/** A run of `onnx-sum`: y = a + b, in `run.json`'s format. */
export function sumRun(runId: string, digest: string): Run {
  return {
    run_id: runId,
    name: runId,
    status: 'FINISHED',
    started_at: '2026-01-01T00:00:00Z',
    ended_at: '2026-01-01T00:01:00Z',
    params: { seed: 7, lr: 0.1, note: null },
    metrics: { f1: 0.5 },
    performance: { overall: { f1: 0.5, num_samples: 10 }, class: { 'node.js': { f1: 0.25 } } },
    tags: {},
    signature: {
      input: {
        type: 'object',
        properties: {
          a: { type: 'number', minimum: -1000, maximum: 1000, description: 'First number.', examples: [1] },
          b: { type: 'number', description: 'Second number.', examples: [2] },
        },
        required: ['a', 'b'],
      },
      output: { type: 'object', properties: { sum: { type: ['number', 'null'] } }, required: ['sum'] },
    },
    model: { format: 'onnx', path: 'artifacts/model.onnx', sha256: digest },
    encode: sumEncoding({ kind: 'number', field: 'a' }, { kind: 'number', field: 'b' }),
    decode: { kind: 'regression', tensor: 'y', fields: ['sum'] },
    examples: [{ input: { a: 1, b: 2 }, output: { sum: 3 } }],
  };
}
