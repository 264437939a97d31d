import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ModelFormat } from '../domain/run.js';

const PACKAGE_OF: Readonly<Record<ModelFormat, string>> = {
  onnx: 'onnxruntime-node',
  'tfjs-layers': '@tensorflow/tfjs-core',
  'tfjs-graph': '@tensorflow/tfjs-core',
  'saved-model': '@tensorflow/tfjs-node',
};

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

let manifest: Manifest | undefined;

/** What computes models of a format, with versions: `bestrun 0.2.0, onnxruntime-node 1.30.0`. */
export function engineVersion(format: ModelFormat): string {
  // Two levels up from both src/engines and dist/engines: the project's root.
  manifest ??= JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as Manifest;
  const { version, dependencies, optionalDependencies } = manifest;
  const name = PACKAGE_OF[format];
  return `bestrun ${version}, ${name} ${{ ...optionalDependencies, ...dependencies }[name]}`;
}
