import { loadConfig } from '../../config/load-config.js';
import type { Run } from '../../domain/run.js';
import type { ModelHost } from '../../engines/model-host.js';
import type { SourceRun } from '../../sources/run-source.js';
import { RunLoader } from './run-loader.js';

describe('the session settings of a card', () => {
  it('go with the digest to the host that loads the run', async () => {
    const load = jest.fn().mockRejectedValue(new Error('enough seen'));
    const run = { model: { format: 'onnx', path: 'model.onnx', sha256: 'abc' } } as unknown as Run;
    const sourceRun = { run, open: () => Promise.resolve({ folder: '/run' }) } as unknown as SourceRun;
    const loader = new RunLoader({ load } as unknown as ModelHost, loadConfig({}));
    const session = { threads: 2, copies: 1, weights: 'shared' } as const;

    await expect(loader.load(sourceRun, run, { name: 'model', session })).rejects.toThrow('enough seen');
    expect(load).toHaveBeenCalledWith({
      format: 'onnx',
      runFolder: '/run',
      path: 'model.onnx',
      files: [],
      sha256: 'abc',
      ...session,
    });
  });
});
