import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { sha256OfText } from '../../../lib/digest.js';
import { RunFolder } from '../../local/run-folder.js';
import { digestModel } from './model-files.js';

describe(digestModel.name, () => {
  let path: string;
  beforeEach(() => (path = realpathSync(mkdtempSync(join(tmpdir(), 'bestrun-model-')))));
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  const write = (...names: readonly string[]) => {
    for (const name of names) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), name);
    }
  };
  const digest = async (format: 'onnx' | 'saved-model', model: string) =>
    digestModel(await RunFolder.open(path, path), { format, path: model });

  it('covers the weights beside an ONNX file, but not what is MLflow’s or Python’s', async () => {
    write('model.onnx', 'b.data', 'layers/w.0', 'MLmodel', 'conda.yaml', 'requirements.txt', 'input_example.json');
    write('code/x.py', 'metadata/MLmodel');

    expect(await digest('onnx', 'model.onnx')).toEqual({
      sha256: sha256OfText('model.onnx'),
      files: ['b.data', 'layers/w.0'].map((name) => ({ path: name, sha256: sha256OfText(name) })),
    });
  });

  it('covers every file of a SavedModel', async () => {
    write('data/model/saved_model.pb', 'data/model/variables/variables.index', 'data/model/assets/words.txt', 'other');

    const { sha256, files } = await digest('saved-model', 'data/model');

    expect(sha256).toBe(sha256OfText('data/model/saved_model.pb'));
    expect(files.map((file) => file.path)).toEqual([
      'data/model/assets/words.txt',
      'data/model/variables/variables.index',
    ]);
  });

  it('follows no link out of the folder', async () => {
    write('model.onnx');
    symlinkSync('/etc/hostname', join(path, 'w.data'));

    await expect(digest('onnx', 'model.onnx')).rejects.toMatchObject({ code: 'ARTIFACT_OUTSIDE_RUN' });
  });
});
