import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('the version of package.json', () => {
  it('is that of the lockfile', () => {
    const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: { '': { version: string } } };

    expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  });

  it('is that of docs/openapi.json', () => {
    const { info } = JSON.parse(read('docs/openapi.json')) as { info: { version: string } };

    expect(info.version).toBe(version);
  });

  it('is the newest one in the changelog, with its date', () => {
    const headings = read('CHANGELOG.md').match(/^## .*/gm)!;

    expect(headings[0]).toBe('## Unreleased');
    expect(headings[1]).toMatch(new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d{2}-\\d{2}\\)$`));
  });
});
