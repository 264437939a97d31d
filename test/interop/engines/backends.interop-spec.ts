import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { io } from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

import { TfjsEngine } from '../../../src/engines/tfjs/tfjs-engine.js';
import { enqueue, useBackend } from '../../../src/engines/tfjs/tfjs-backends.js';
import type { TfjsBackend } from '../../../src/engines/tfjs/tfjs-backends.js';
import { floatRows } from '../../contracts/inference-engine.contract.js';

describe('the backends of TensorFlow.js', () => {
  const folder = mkdtempSync(join(tmpdir(), 'layers-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('answer alike, native, WASM and plain JavaScript', async () => {
    await enqueue(() => saveNetwork(folder));
    const rows = Array.from({ length: 50 }, (_, i) => Array.from({ length: 6 }, (__, j) => Math.sin(i * 6 + j)));
    const answers: number[][] = [];
    for (const backend of ['tensorflow', 'wasm', 'cpu'] satisfies TfjsBackend[]) {
      const engine = new TfjsEngine(() => [backend]);
      const model = await engine.load({ format: 'tfjs-layers', runFolder: folder, path: 'model.json' });
      const { inputs, outputs } = model.info;
      const answer = await model.predict(new Map([[inputs[0]!.name, floatRows(rows)]]), [outputs[0]!.name]);
      answers.push([...(answer.get(outputs[0]!.name)!.data as Float32Array)]);
      await model.dispose();
    }
    const [native, ...others] = answers;
    for (const other of others) {
      expect(Math.max(...native!.map((value, i) => Math.abs(value - other[i]!)))).toBeLessThan(1e-5);
    }
  });
});

/** A small network with random weights, saved as `tfjs-layers`. */
async function saveNetwork(folder: string): Promise<void> {
  await useBackend('cpu');
  const model = layers.sequential({
    layers: [
      layers.layers.dense({ inputShape: [6], units: 24, activation: 'relu' }),
      layers.layers.batchNormalization(),
      layers.layers.dense({ units: 24, activation: 'tanh' }),
      layers.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  });
  await model.save({
    save: ({ modelTopology, weightSpecs, weightData }: io.ModelArtifacts) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      writeFileSync(join(folder, 'weights.bin'), Buffer.from(weightData as ArrayBuffer));
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } });
    },
  });
  model.dispose();
}
