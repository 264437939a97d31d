import { engineFixtures } from '../../../test/contracts/inference-engine.contract.js';
import { SavedModelEngine } from './saved-model-engine.js';

// With the package, the engine runs against a real SavedModel in test/interop/engines.
describe(SavedModelEngine.name, () => {
  it('says which optional package is missing where it is not installed', async () => {
    const engine = new SavedModelEngine(() => null);
    const request = { format: 'saved-model', runFolder: engineFixtures, path: 'saved_model' } as const;
    await expect(engine.load(request)).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: 'TensorFlow SavedModels need the optional package @tensorflow/tfjs-node, which is not installed here.',
    });
  });
});
