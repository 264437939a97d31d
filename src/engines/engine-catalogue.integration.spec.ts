import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { engineFixtures, fixtureRequest, floatRows } from '../../test/contracts/inference-engine.contract.js';
import type { ModelFormat } from '../domain/run.js';
import { EngineCatalog } from './engine-catalog.js';

describe(EngineCatalog.name, () => {
  it('gives each format to the engine that computes it', async () => {
    const catalog = new EngineCatalog();
    for (const format of ['onnx', 'tfjs-layers', 'tfjs-graph'] as const) {
      const model = await catalog.load(fixtureRequest(format, `${format}-sum`));
      const outputs = await model.predict(new Map([['x', floatRows([[1, 2]])]]), ['y']);
      expect(outputs.get('y')).toEqual(floatRows([[3]]));
      await model.dispose();
    }
  });

  it('refuses a format that nobody computes', async () => {
    const request = { ...fixtureRequest('onnx', 'onnx-sum'), format: 'toString' as ModelFormat };
    await expect(new EngineCatalog().load(request)).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
  });

  it('never loads TensorFlow.js for an ONNX model', () => {
    const dist = join(__dirname, '..', '..', 'dist', 'engines', 'engine-catalog.js');
    const program = `
      const { EngineCatalog } = require(${JSON.stringify(dist)});
      const request = ${JSON.stringify({ format: 'onnx', runFolder: join(engineFixtures, 'onnx-sum'), path: 'model.onnx' })};
      new EngineCatalog().load(request).then(() => {
        const loaded = Object.keys(require.cache).filter((file) => file.includes('tensorflow'));
        console.log(JSON.stringify(loaded));
      });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: '' });
  });
});
