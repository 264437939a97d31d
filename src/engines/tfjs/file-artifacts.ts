import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import type { io } from '@tensorflow/tfjs-core';

import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../inference-engine.js';

/**
 * Reads a `model.json` and the weight files it names.
 *
 * @throws RunError LOAD_FAILED when it is no such file, ARTIFACT_MISSING or ARTIFACT_OUTSIDE_RUN for a weight file:
 *   model.json is data of the run, and its paths are not to be trusted.
 */
export async function readArtifacts(request: LoadRequest): Promise<io.ModelArtifacts> {
  const file = join(request.runFolder, request.path);
  const model = await readModelJson(file);
  const groups = model.weightsManifest ?? [];
  const weightData: ArrayBuffer[] = [];
  for (const path of groups.flatMap((group) => group.paths)) {
    weightData.push(await readInside(request.runFolder, dirname(file), path));
  }
  const { weightsManifest: _manifest, ...rest } = model;
  return { ...rest, weightSpecs: groups.flatMap((group) => group.weights), weightData };
}

async function readModelJson(file: string): Promise<io.ModelJSON> {
  const error = (detail: string, cause?: unknown) =>
    new RunError('LOAD_FAILED', `The model file ${detail}.`, { cause });
  let model: Partial<io.ModelJSON> | null;
  try {
    model = JSON.parse(await readFile(file, 'utf8')) as Partial<io.ModelJSON> | null;
  } catch (cause) {
    throw error(cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read', cause);
  }
  if (typeof model?.modelTopology !== 'object') throw error('has no modelTopology: it is no TensorFlow.js model.json');
  const manifest: unknown = model.weightsManifest ?? [];
  if (!Array.isArray(manifest) || !manifest.every(isGroup))
    throw error('has a weightsManifest that is no list of paths and weights');
  return model as io.ModelJSON;
}

function isGroup(group: unknown): boolean {
  const { paths, weights } = (group ?? {}) as Partial<io.WeightsManifestConfig[number]>;
  return Array.isArray(paths) && paths.every((path) => typeof path === 'string') && Array.isArray(weights);
}

async function readInside(runFolder: string, folder: string, path: string): Promise<ArrayBuffer> {
  const file = resolve(folder, path);
  const outside = new RunError(
    'ARTIFACT_OUTSIDE_RUN',
    `model.json names the weight file "${path}", which is outside the run folder.`,
  );
  if (!isInside(runFolder, file)) throw outside;
  const real = await realpath(file).catch((cause: unknown) => {
    throw new RunError('ARTIFACT_MISSING', `model.json names the weight file "${path}", which does not exist.`, {
      cause,
    });
  });
  if (!isInside(await realpath(runFolder), real)) throw outside;
  const bytes = await readFile(real);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
