import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

describe('npm run bench', () => {
  it('measures with a load generator that passes its own tests', () => {
    const test = join(root, 'scripts', 'bench', 'load', 'load-generator.test.mjs');

    const { status, stdout } = spawnSync(process.execPath, ['--test', test], { encoding: 'utf8' });

    expect({ status, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stdout: '' });
  });
});
