/**
 * Python lines of the docs against a real server: the README's calls, and the page that publishes a run of scikit-learn.
 * Makes virtual environments, installs what the pages name, compares the answers.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { withBestrun } from '../support/bestrun.mjs';
import { pythonEnvironment } from '../support/python-environment.mjs';

const REQUESTS = 'requests==2.32.5';
const python = await pythonEnvironment('python-client', REQUESTS, (pip) => pip(REQUESTS));

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```python\n([^]*?)```\s+```json\n([^]*?)```/g)];
assert.ok(examples.length > 0, 'the README shows a call from Python');

await withBestrun({}, projectRoot, ({ url }) => {
  for (const [, code, answer] of examples) {
    const output = execFileSync(python, ['-c', code.replaceAll('http://localhost:5000', url)], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(output), JSON.parse(answer));
  }
  // The client of the tutorial of 2020: a JSON text as the body, and no content type.
  const put = `import requests\nprint(requests.put("${url}/predict", data='{"age":15,"sex":"F"}').text)`;
  assert.equal(execFileSync(python, ['-c', put], { encoding: 'utf8' }).trim(), '{"survived":1}');
  console.log(`python: ${examples.length + 1} calls answered as written`);
});

// docs/python.md: what the page installs, the script as it stands there, and its answer from a server on its folder.
const page = readFileSync(join(projectRoot, 'docs', 'python.md'), 'utf8');
const [, packages] = /```text\n([^]*?)```/.exec(page);
const [, script] = /```python\n([^]*?)```/.exec(page);
const wanted = packages.trim().split('\n');
const trainer = await pythonEnvironment('python-publish', packages, (pip) => pip(...wanted));
const folder = mkdtempSync(join(tmpdir(), 'bestrun-python-'));
try {
  const printed = JSON.parse(execFileSync(trainer, ['-c', script], { cwd: folder, encoding: 'utf8' }));
  await withBestrun({ MODELS_DIR: join(folder, 'my-models') }, projectRoot, async (server) => {
    const { data } = await server.ask('/models/iris/predictions', { inputs: [printed.input] });
    const [answer] = data.predictions;
    assert.equal(data.run_id, 'iris-scikit-learn');
    assert.equal(answer.species, printed.output.species);
    assert.ok(Math.abs(answer.probability - printed.output.probability) < 1e-5, 'the probability is as printed');
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log('python: the run of docs/python.md is served as printed');
