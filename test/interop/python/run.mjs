/** The README's Python lines against a real server: makes a virtual environment, installs requests, compares the answers. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { projectRoot } from '../../../scripts/lib/project.mjs';

const environment = join(projectRoot, '.cache', 'python-client');
const python = join(environment, 'bin', 'python');
if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' });
execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'requests==2.32.5'], {
  stdio: 'inherit',
});

const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```python\n([^]*?)```\s+```json\n([^]*?)```/g)];
assert.ok(examples.length > 0, 'the README shows a call from Python');

const server = spawn(process.execPath, [join(projectRoot, 'dist', 'main.js')], {
  cwd: projectRoot,
  env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const base = `http://127.0.0.1:${await portOf(server)}`;
  for (const [, code, answer] of examples) {
    const output = execFileSync(python, ['-c', code.replaceAll('http://localhost:5000', base)], { encoding: 'utf8' });
    assert.deepEqual(JSON.parse(output), JSON.parse(answer));
  }
  // The client of the tutorial of 2020: a JSON text as the body, and no content type.
  const put = `import requests\nprint(requests.put("${base}/predict", data='{"age":15,"sex":"F"}').text)`;
  assert.equal(execFileSync(python, ['-c', put], { encoding: 'utf8' }).trim(), '{"survived":1}');
  console.log(`python: ${examples.length + 1} calls answered as written`);
} finally {
  server.kill('SIGTERM');
}

async function portOf({ stdout }) {
  for await (const line of createInterface({ input: stdout })) {
    const { port } = JSON.parse(line);
    if (port) return port;
  }
  throw new Error('the server ended before it was ready');
}
