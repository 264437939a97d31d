import { TestStore } from '../../../test/support/stores/build-store.js';
import type { Run } from '../../domain/run.js';
import { EXPORT_RECIPES, fileLines } from '../export-recipes.js';
import { LocalRunSource } from './local-run-source.js';

describe('a run whose artifact only Python can load', () => {
  let store: TestStore;
  beforeEach(() => (store = new TestStore().addModel('adder')));
  afterEach(() => store.remove());

  const reasonsOf = async (format: string, path: string) => {
    const model = { format, path, sha256: '0'.repeat(64) } as Run['model'];
    store.addRun('adder', 'one', { model }).write(`adder/runs/one/${path}`, 'whatever');
    const [listed] = await new LocalRunSource(store.folder).listModels();
    return listed!.runs[0]!.reasons;
  };

  it.each([
    ['model.keras', 'keras'],
    ['weights/MODEL.H5', 'keras'],
    ['model.pkl', 'sklearn-numbers'],
    ['model.joblib', 'sklearn-numbers'],
    ['model.pt', 'pytorch'],
  ])('is told how to export %s by the lines that a test runs, whatever format it claims', async (path, recipe) => {
    const how = fileLines(EXPORT_RECIPES.find(({ id }) => id === recipe)!).join('; ');
    for (const format of ['saved-model', 'onnx']) {
      const [first, ...others] = await reasonsOf(format, path);

      expect(first).toMatchObject({ code: 'FORMAT_UNSUPPORTED', message: expect.stringContaining(`"${path}"`) });
      expect(first!.fix).toContain(how);
      expect(others).toEqual([]);
    }
  });

  it('is told so too when it names a format of its own', async () => {
    const [first] = await reasonsOf('keras', 'model.keras');

    expect([first!.code, first!.fix]).toEqual(['FORMAT_UNKNOWN', expect.stringContaining('model.export("model.onnx"')]);
  });
});
