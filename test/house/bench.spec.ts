import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

describe('npm run bench', () => {
  it('compares with the same ONNX Runtime in Python', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };

    const bench = join(root, 'scripts', 'bench');
    const peers = readdirSync(join(bench, 'peers'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const folders = [join(bench, 'contenders'), ...peers.map(({ name }) => join(bench, 'peers', name))];

    expect(folders).toHaveLength(6);
    for (const folder of folders) {
      const pinned = readFileSync(join(folder, 'requirements.txt'), 'utf8');
      expect(pinned).toContain(`onnxruntime==${dependencies['onnxruntime-node']}\n`);
    }
  });
});
