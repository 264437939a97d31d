import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { engineFixtures, fixtureRequest, floatRows } from '../../test/contracts/inference-engine.contract.js';
import type { ModelFormat } from '../domain/run.js';
import { EngineCatalogue } from './engine-catalogue.js';

describe(EngineCatalogue.name, () => {
  it('gives each format to the engine that computes it', async () => {
    const catalogue = new EngineCatalogue();
    for (const format of ['onnx', 'tfjs-layers', 'tfjs-graph'] as const) {
      const model = await catalogue.load(fixtureRequest(format, `${format}-sum`));
      const outputs = await model.predict(new Map([['x', floatRows([[1, 2]])]]), ['y']);
      expect(outputs.get('y')).toEqual(floatRows([[3]]));
      await model.dispose();
    }
  });

  it('refuses a format that nobody computes', async () => {
    const request = { ...fixtureRequest('onnx', 'onnx-sum'), format: 'toString' as ModelFormat };
    await expect(new EngineCatalogue().load(request)).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
  });

  it('never loads TensorFlow.js for an ONNX model', () => {
    const dist = join(__dirname, '..', '..', 'dist', 'engines', 'engine-catalogue.js');
    const program = `
      const { EngineCatalogue } = require(${JSON.stringify(dist)});
      const request = ${JSON.stringify({ format: 'onnx', runFolder: join(engineFixtures, 'onnx-sum'), path: 'model.onnx' })};
      new EngineCatalogue().load(request).then(() => {
        const loaded = Object.keys(require.cache).filter((file) => file.includes('tensorflow'));
        console.log(JSON.stringify(loaded));
      });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: '' });
  });
});
