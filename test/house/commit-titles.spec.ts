import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const script = join(__dirname, '..', '..', 'scripts', 'check-commit-titles.mjs');
const check = (title: string) => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--title', title], { encoding: 'utf8' });
  return { status, stderr };
};

describe('the check of commit titles', () => {
  it.each([
    'fix: read a store that is a link',
    'feat(registry): take the next best run',
    'feat(api)!: name the model in every answer',
    'refactor(mlflow, local): share what reads a folder',
    'docs: ONNX models need no Python',
  ])('takes "%s"', (title) => {
    expect(check(title)).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    ['Read a store that is a link', 'is not "type(scope): imperative"'],
    ['feature: read a store that is a link', 'is not "type(scope): imperative"'],
    ['fix:read a store', 'is not "type(scope): imperative"'],
    ['fix: Read a store that is a link', 'has a capital letter after the colon'],
    ['fix: read a store that is a link.', 'ends with a full stop'],
    [`fix: ${'x'.repeat(116)}`, 'has 121 characters, more than 120'],
  ])('refuses "%s"', (title, problem) => {
    const { status, stderr } = check(title);

    expect(status).toBe(1);
    expect(stderr).toContain(`"${title}" ${problem}`);
  });
});
