/**
 * For the container image: removes from node_modules what this machine cannot use (ONNX Runtime for other platforms) and,
 * unless `--keep-tensorflow` is given, the packages of native TensorFlow, a gigabyte. `npm ci --omit=optional` would remove
 * sharp's binary as well, without which no image is decoded.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const keepsTensorflow = process.argv.includes('--keep-tensorflow');
const remove = (path) => rmSync(path, { recursive: true, force: true });

const binaries = join('node_modules', 'onnxruntime-node', 'bin', 'napi-v6');
for (const os of readdirSync(binaries)) {
  for (const cpu of readdirSync(join(binaries, os))) {
    if (os !== process.platform || cpu !== process.arch) remove(join(binaries, os, cpu));
  }
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [path, { optional }] of Object.entries(packages)) {
  if (optional && !keepsTensorflow && !path.includes('node_modules/@img/') && existsSync(path)) remove(path);
}
