/** Random images and texts as bestrun prepares them, against Python's PIL and `tokenizers`, installed for it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { projectRoot } from '../../../scripts/lib/project.mjs';
import { pythonEnvironment } from '../support/python-environment.mjs';

const PACKAGES = ['pillow==11.3.0', 'numpy==2.3.5', 'tokenizers==0.22.1'];
const COUNT = process.env.INTEROP_CI ? 200 : 4_000;
const SEED = Math.floor(Math.random() * 1e9);

const require = createRequire(import.meta.url);
const worker = join(projectRoot, 'dist', 'preprocessing', 'worker');
const { openImage } = require(join(worker, 'image-step.js'));
const { openTokenizer } = require(join(worker, 'tokenizer-step.js'));
const folder = join(projectRoot, 'test', 'fixtures', 'tokenizers');

const python = await pythonEnvironment('preprocessing', PACKAGES.join(' '), (pip) => pip(...PACKAGES));
const script = join(import.meta.dirname, 'random-cases.py');
const cases = JSON.parse(execFileSync(python, [script, SEED, COUNT, folder], { encoding: 'utf8', maxBuffer: 2 ** 30 }));

for (const [i, { photo, encoding, pixels }] of cases.images.entries()) {
  const whole = { kind: 'image', dtype: 'uint8', field: 'photo', layout: 'hwc', ...encoding };
  const { tensors, issues } = await (await openImage(whole, { encoding: whole, pointer: '' }))([photo]);
  assert.deepEqual(issues, []);
  const place = `seed ${SEED}, image ${i}, ${JSON.stringify(encoding)}`;
  assert.ok(Buffer.from(tensors[0][1].data).equals(Buffer.from(pixels, 'base64')), place);
}
for (const [name, expected] of Object.entries(cases.ids)) {
  const path = `${name}.json`;
  const sha256 = createHash('sha256')
    .update(readFileSync(join(folder, path)))
    .digest('hex');
  const tensors = { input_ids: 'ids', attention_mask: 'mask' };
  const encoding = {
    kind: 'tokenizer',
    dtype: 'int32',
    field: 'text',
    tokenizer: { path, sha256 },
    max_length: 16,
    tensors,
  };
  const tokenize = await openTokenizer(encoding, { encoding, pointer: '' }, folder);
  const [[, ids], [, mask]] = (await tokenize(cases.texts)).tensors;
  expected.forEach((row, i) => {
    const made = [...ids.data.slice(i * 16, i * 16 + 16)].filter((_, at) => mask.data[i * 16 + at] === 1);
    assert.deepEqual(made, row, `seed ${SEED}, ${name}, ${JSON.stringify(cases.texts[i])}`);
  });
}
console.log(`preprocessing: ${cases.images.length} images and ${cases.texts.length} texts as in Python (seed ${SEED})`);
