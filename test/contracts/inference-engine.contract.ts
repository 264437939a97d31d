import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NamedTensors, Tensor } from '../../src/domain/tensor.js';
import { RunError } from '../../src/domain/verdict.js';
import type { EngineModel, InferenceEngine, LoadRequest } from '../../src/engines/inference-engine.js';

/** Folder of the tiny models that engine tests share. */
export const engineFixtures = join(__dirname, '..', 'fixtures', 'engines');

/** What an engine's spec brings: the same two models in its own format. */
export interface EngineContractSubject {
  readonly makeEngine: () => InferenceEngine;
  /** Input `x` [rows, 2] float32, output `y` [rows, 1] float32 = x0 + x1. */
  readonly sum: LoadRequest;
  /** Inputs `a` and `b` [rows, 1] float32, outputs `sum` and `difference` [rows, 1] float32. */
  readonly two: LoadRequest;
  /** The file to cut short for the test of a damaged artifact; the artifact itself unless said. */
  readonly fileToDamage?: string;
  /** Words that `info.backend` may be. */
  readonly backends: readonly string[];
  /** How many tensors the engine holds in memory, where it can tell. */
  readonly countTensors?: () => number;
}

/** A request for a model of the shared fixtures. */
export function fixtureRequest(format: LoadRequest['format'], folder: string, path?: string): LoadRequest {
  return {
    format,
    runFolder: join(engineFixtures, folder),
    path: path ?? (format === 'onnx' ? 'model.onnx' : 'model.json'),
  };
}

/** A float32 tensor with rows on axis 0. */
export function floatRows(rows: readonly (readonly number[])[]): Tensor {
  return { dtype: 'float32', shape: [rows.length, rows[0]!.length], data: Float32Array.from(rows.flat()) };
}

/** What every engine promises; called by the spec of each. */
export function describeInferenceEngine(name: string, subject: EngineContractSubject): void {
  describe(`${name} as an inference engine`, () => {
    const loaded: EngineModel[] = [];
    const load = async (request: LoadRequest): Promise<EngineModel> => {
      const model = await subject.makeEngine().load(request);
      loaded.push(model);
      return model;
    };
    afterEach(async () => {
      for (const model of loaded.splice(0)) await model.dispose();
    });

    it('tells names, types and shapes of inputs and outputs, and what computes', async () => {
      const { info } = await load(subject.sum);
      expect(info.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 2] }]);
      expect(info.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [null, 1] }]);
      expect(subject.backends).toContain(info.backend);
    });

    it('tells the same names when a model is loaded again beside itself', async () => {
      const first = await load(subject.two);
      const second = await load(subject.two);
      expect(second.info.inputs.map((input) => input.name).sort()).toEqual(['a', 'b']);
      expect(second.info).toEqual(first.info);
    });

    it('predicts rows in their order', async () => {
      const model = await load(subject.sum);
      const outputs = await model.predict(
        new Map([
          [
            'x',
            floatRows([
              [1, 2],
              [30, 40],
              [-5, 0.5],
            ]),
          ],
        ]),
        ['y'],
      );
      expect(outputs.get('y')).toEqual(floatRows([[3], [70], [-4.5]]));
    });

    it('gives many rows in one call the answers it gives them one by one', async () => {
      const model = await load(subject.sum);
      const rows = Array.from({ length: 70 }, (_, i) => [i * 0.37, 100 - i]);
      const together = await model.predict(new Map([['x', floatRows(rows)]]), ['y']);
      const alone: number[] = [];
      for (const row of rows) {
        const outputs = await model.predict(new Map([['x', floatRows([row])]]), ['y']);
        alone.push(...(outputs.get('y')!.data as Float32Array));
      }
      expect([...(together.get('y')!.data as Float32Array)]).toEqual(alone);
    });

    it('tells inputs apart by name, not by order', async () => {
      const model = await load(subject.two);
      const [a, b] = [floatRows([[5], [7]]), floatRows([[2], [10]])];
      const forwards = await model.predict(
        new Map([
          ['a', a],
          ['b', b],
        ]),
        ['difference'],
      );
      const backwards = await model.predict(
        new Map([
          ['b', b],
          ['a', a],
        ]),
        ['difference'],
      );
      expect([...(forwards.get('difference')!.data as Float32Array)]).toEqual([3, -3]);
      expect(backwards).toEqual(forwards);
    });

    it('gives the outputs asked for alone, in the order asked', async () => {
      const model = await load(subject.two);
      const inputs: NamedTensors = new Map([
        ['a', floatRows([[5]])],
        ['b', floatRows([[2]])],
      ]);
      expect([...(await model.predict(inputs, ['difference'])).keys()]).toEqual(['difference']);
      expect([...(await model.predict(inputs, ['difference', 'sum'])).keys()]).toEqual(['difference', 'sum']);
    });

    it('gives results that stay as they are when their memory is taken away and the model predicts again', async () => {
      const model = await load(subject.sum);
      const predict = async () => (await model.predict(new Map([['x', floatRows([[1, 2]])]]), ['y'])).get('y')!;
      const first = (await predict()).data as Float32Array;
      const moved = structuredClone(first, { transfer: [first.buffer as ArrayBuffer] });
      expect([...((await predict()).data as Float32Array)]).toEqual([3]);
      expect([...moved]).toEqual([3]);
    });

    it('passes NaN and Infinity on', async () => {
      const model = await load(subject.sum);
      const outputs = await model.predict(
        new Map([
          [
            'x',
            floatRows([
              [NaN, 1],
              [Infinity, 1],
            ]),
          ],
        ]),
        ['y'],
      );
      expect([...(outputs.get('y')!.data as Float32Array)]).toEqual([NaN, Infinity]);
    });

    it('rejects inputs that do not fit, and predicts on', async () => {
      const model = await load(subject.sum);
      await expect(model.predict(new Map(), ['y'])).rejects.toThrow();
      await expect(model.predict(new Map([['x', floatRows([[1, 2, 3]])]]), ['y'])).rejects.toThrow();
      const outputs = await model.predict(new Map([['x', floatRows([[1, 2]])]]), ['y']);
      expect([...(outputs.get('y')!.data as Float32Array)]).toEqual([3]);
    });

    it('refuses a damaged artifact with a sentence that names no path', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'damaged-'));
      try {
        cpSync(subject.sum.runFolder, folder, { recursive: true });
        const file = join(folder, subject.fileToDamage ?? subject.sum.path);
        const bytes = readFileSync(file);
        writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
        const problem: unknown = await load({ ...subject.sum, runFolder: folder }).catch((error: unknown) => error);
        expect(problem).toBeInstanceOf(RunError);
        expect(problem).toMatchObject({ code: 'LOAD_FAILED', message: expect.stringMatching(/^[A-Z].*\.$/) as string });
        expect((problem as RunError).message).not.toMatch(/damaged-|[/\\]|\n/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it('keeps no tensor of a prediction, of a failed one, or of a model that was given back', async () => {
      const { countTensors = () => 0 } = subject;
      const cycle = async () => {
        const model = await subject.makeEngine().load(subject.two);
        const inputs: NamedTensors = new Map([
          ['a', floatRows([[5]])],
          ['b', floatRows([[2]])],
        ]);
        await model.predict(inputs, ['sum']);
        const during = countTensors();
        for (let i = 0; i < 5; i += 1) await model.predict(inputs, ['sum', 'difference']);
        await model.predict(new Map([['a', floatRows([[5]])]]), ['sum']).catch(() => undefined);
        expect(countTensors()).toBe(during);
        await model.dispose();
      };
      await cycle();
      const before = countTensors();
      for (let i = 0; i < 5; i += 1) await cycle();
      expect(countTensors()).toBe(before);
    });
  });
}
