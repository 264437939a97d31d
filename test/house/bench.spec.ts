import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

describe('npm run bench', () => {
  it.each([
    ['load generator', join('load', 'load-generator.test.mjs')],
    ['requests', join('workloads', 'requests.test.mjs')],
  ])('has tests of its own for its %s, and they pass', (_what, file) => {
    const test = join(root, 'scripts', 'bench', file);

    const { status, stdout } = spawnSync(process.execPath, ['--test', test], { encoding: 'utf8' });

    expect({ status, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('compares with the same ONNX Runtime in Python', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };

    const pinned = readFileSync(join(root, 'scripts', 'bench', 'contenders', 'requirements.txt'), 'utf8');

    expect(pinned).toContain(`onnxruntime==${dependencies['onnxruntime-node']}\n`);
  });
});
