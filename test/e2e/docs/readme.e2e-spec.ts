import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { normalized, readmeExamples } from '../../support/docs/readme-examples.js';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('the README', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await createTestApp();
  });

  afterAll(() => app.close());

  const examples = readmeExamples();

  it('shows calls with curl, fetch and Python', () => {
    const languages = new Set(examples.map(({ language }) => language));

    expect([...languages].sort()).toEqual(['js', 'python', 'sh']);
  });

  const shell = hasCurl ? it : it.skip;

  shell.each(examples.filter(({ language }) => language === 'sh'))(
    'tells the truth (needs curl): $title',
    async ({ code, answer }) => {
      const { stdout } = await run('sh', ['-c', code.replaceAll('http://localhost:5000', app.baseUrl)]);

      expect(normalized(stdout, app.baseUrl)).toEqual(normalized(answer));
    },
  );

  it.each(examples.filter(({ language }) => language === 'js'))('tells the truth: $title', async ({ code, answer }) => {
    const script = code.replaceAll('http://localhost:5000', app.baseUrl);

    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);

    expect(normalized(stdout, app.baseUrl)).toEqual(normalized(answer));
  });
});
