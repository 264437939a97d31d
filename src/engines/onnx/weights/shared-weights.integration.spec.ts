import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { matMulModel } from '../../../../test/support/engines/matmul-model.js';
import type { EngineModel, LoadRequest } from '../../inference-engine.js';
import { OnnxEngine } from '../onnx-engine.js';
import { mappedBytes } from './mapped-bytes.js';

const SIZE = 160;
const WEIGHT_BYTES = 2 * SIZE * SIZE * 4;

describe('shared weights', () => {
  let folder: string;
  let opened: EngineModel[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bestrun-weights-'));
    opened = [];
    writeFileSync(join(folder, 'model.onnx'), matMulModel());
  });
  afterEach(async () => {
    await Promise.all(opened.map((model) => model.dispose()));
    rmSync(folder, { recursive: true, force: true });
  });

  const cache = () => join(folder, 'cache');
  const load = async (request: Partial<LoadRequest> = {}): Promise<EngineModel> => {
    const sharing = { folder: cache(), maxBytes: 10 * WEIGHT_BYTES, minBytes: WEIGHT_BYTES };
    const path = 'model.onnx';
    const model = await new OnnxEngine().load({ format: 'onnx', runFolder: folder, path, sharing, ...request });
    opened.push(model);
    return model;
  };
  const answer = async (model: EngineModel, rows: number): Promise<Float32Array> => {
    const data = Float32Array.from({ length: rows * SIZE }, (_, i) => Math.cos(i));
    const outputs = await model.predict(new Map([['x', { dtype: 'float32', shape: [rows, SIZE], data }]]), ['y']);
    return outputs.get('y')!.data as Float32Array;
  };
  const entries = () => readdirSync(cache()).filter((name) => name !== 'incoming');
  const weightFile = () => join(cache(), entries()[0]!, 'weights.bin');

  it.each(['raw', 'floats'] as const)(
    'give the answers of private ones, up to the order in which ONNX Runtime sums (%s)',
    async (as) => {
      writeFileSync(join(folder, 'model.onnx'), matMulModel({ as }));
      const [own, shared] = [await load({ weights: 'private' }), await load({ weights: 'shared' })];

      expect([own.info.memory?.weights, shared.info.memory?.weights]).toEqual(['private', 'shared']);
      expect([shared.info.inputs, shared.info.outputs]).toEqual([own.info.inputs, own.info.outputs]);
      for (const rows of [1, 8, 33]) {
        const [expected, found] = [await answer(own, rows), await answer(shared, rows)];
        expect(expected.some((value) => value > 0.01)).toBe(true);
        const differences = expected.map((value, i) => Math.abs(value - found[i]!) / (1 + Math.abs(value)));
        expect(Math.max(...differences)).toBeLessThan(1e-5);
      }
    },
  );

  it('are one file that every copy maps, which is written once and never in the store', async () => {
    const before = readFileSync(join(folder, 'model.onnx'));
    const first = await load({ weights: 'shared' });
    const written = readFileSync(weightFile());
    await load({ weights: 'shared' });

    expect(first.info.memory).toMatchObject({ sharedBytes: WEIGHT_BYTES });
    expect(entries()).toHaveLength(1);
    expect(readFileSync(weightFile()).equals(written)).toBe(true);
    expect(readFileSync(join(folder, 'model.onnx')).equals(before)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['cache', 'model.onnx']);
    if (process.platform === 'linux') expect(mappedBytes([weightFile()])).toBeGreaterThanOrEqual(2 * WEIGHT_BYTES);
  });

  it('are chosen by trying both, and the choice is kept for the next start', async () => {
    const first = await load();
    const { weights, note } = first.info.memory!;

    expect(note).toMatch(/1 row takes [\d.]+ ms with shared weights and [\d.]+ ms with private ones, 8 rows [\d.]+/);
    expect((await load()).info.memory).toMatchObject({ weights, note });
    expect(existsSync(join(cache(), entries()[0]!, 'note.json'))).toBe(true);
  });

  it('are written again when their file is damaged', async () => {
    const expected = await answer(await load({ weights: 'shared' }), 3);
    const bytes = readFileSync(weightFile());
    rmSync(weightFile());
    writeFileSync(weightFile(), Buffer.alloc(bytes.length, 1));

    expect(await answer(await load({ weights: 'shared' }), 3)).toEqual(expected);
    expect(readFileSync(weightFile()).equals(bytes)).toBe(true);
  });

  it('are those of a run that keeps its weights in a second file, without a copy', async () => {
    await load({ weights: 'shared' });
    const entry = join(cache(), entries()[0]!);
    const model = await load({ weights: 'shared', runFolder: entry, files: ['weights.bin'] });

    expect(model.info.memory).toMatchObject({ weights: 'shared', sharedBytes: readFileSync(weightFile()).length });
    expect(entries()).toHaveLength(1);
  });

  it('are none for small models, and where nobody wants them', async () => {
    const sharing = { folder: cache(), maxBytes: 10 * WEIGHT_BYTES, minBytes: WEIGHT_BYTES + 1 };

    expect((await load({ sharing })).info.memory).toEqual({ weights: 'private', sharedBytes: 0 });
    expect((await load({ sharing: undefined })).info.memory).toMatchObject({ weights: 'private' });
    expect(existsSync(cache())).toBe(false);
  });

  it('are private, with a note that says why, when the cache has no room or cannot be written', async () => {
    const sharing = { folder: cache(), maxBytes: WEIGHT_BYTES, minBytes: WEIGHT_BYTES };
    const { info } = await load({ sharing });
    writeFileSync(join(folder, 'file'), '');
    const inFile = { folder: join(folder, 'file', 'cache'), maxBytes: 10 * WEIGHT_BYTES, minBytes: WEIGHT_BYTES };

    expect(info.memory).toMatchObject({
      weights: 'private',
      note: 'Each copy has weights of its own: MODEL_CACHE_MAX_BYTES leaves no room for them.',
    });
    expect((await load({ sharing: inFile })).info.memory).toMatchObject({
      note: 'Each copy has weights of its own: MODEL_CACHE_DIR cannot be written (ENOTDIR).',
    });
    expect(readdirSync(join(cache(), 'incoming'))).toEqual([]);
    await expect(load({ sharing, weights: 'shared' })).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
  });

  it('are not taken from an entry whose model has changed since its digest was written', async () => {
    const model = await load({ sha256: '0'.repeat(64) });

    expect(model.info.memory).toMatchObject({
      weights: 'private',
      note: 'Each copy has weights of its own: the file has changed since its digest was written.',
    });
    expect(entries()).toEqual([]);
  });
});
