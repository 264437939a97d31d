/** The README's Python lines against a real server: makes a virtual environment, installs requests, compares the answers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
