import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

describe('npm run bench', () => {
  it('compares with the same ONNX Runtime in Python', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };

    const pinned = readFileSync(join(root, 'scripts', 'bench', 'contenders', 'requirements.txt'), 'utf8');

    expect(pinned).toContain(`onnxruntime==${dependencies['onnxruntime-node']}\n`);
  });
});
