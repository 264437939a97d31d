import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { LoadRequest, ModelInfo } from '../inference-engine.js';

const MIB = 1024 * 1024;

/**
 * Memory of a copy while it is loaded and afterwards, as a multiple of its files. Measured on Linux: ONNX Runtime took
 * 1.67 times a file of 400 MiB and 1.86 times one of 70 MiB (it reads the file, then packs the weights); TensorFlow.js
 * reads weights, makes tensors of them and copies these to its backend.
 */
const FILE_FACTOR = { onnx: 1.8, 'tfjs-layers': 3, 'tfjs-graph': 3, 'saved-model': 2 } as const;
/** What any copy takes besides its weights. */
const BASE_BYTES = 2 * MIB;
/** A copy that shares its weights: its graph, and what it computes with. Measured: 4 MiB beside 400 MiB. */
const SHARING_COPY_BYTES = 8 * MIB;

/** What a model takes of memory. */
export interface MemoryNeed {
  /** Bytes of each copy. */
  readonly copyBytes: number;
  /** Bytes that all copies of this process share, as this process' part of what all processes share. */
  readonly sharedBytes: number;
}

/**
 * What a copy with weights of its own takes: as measured, else by the size of its files. Less than its files was measured
 * where it got memory that another model had before.
 */
export async function privateNeed(request: LoadRequest): Promise<MemoryNeed> {
  const { format, measuredBytes } = request;
  const files = await fileBytes(request);
  const bytes = measuredBytes === undefined ? files * FILE_FACTOR[format] : Math.max(measuredBytes, files);
  return { copyBytes: Math.ceil(bytes + BASE_BYTES), sharedBytes: 0 };
}

/** What a model takes whose weights are shared. @param processes  that share them. */
export function sharedNeed(weightBytes: number, processes: number): MemoryNeed {
  return { copyBytes: SHARING_COPY_BYTES, sharedBytes: Math.ceil(weightBytes / processes) };
}

/** What a loaded model takes, now that its engine has said how. */
export function needAfterLoad(before: MemoryNeed, { memory }: ModelInfo, processes: number): MemoryNeed {
  return memory?.weights === 'shared' ? sharedNeed(memory.sharedBytes, processes) : before;
}

/** Bytes of the model's files; files that are not there count nothing, and the engine says what is missing. */
export async function fileBytes({ runFolder, path, files = [] }: LoadRequest): Promise<number> {
  const sizes = await Promise.all([...new Set([path, ...files])].map((file) => sizeOf(join(runFolder, file))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOf(path: string): Promise<number> {
  try {
    const info = await stat(path);
    if (!info.isDirectory()) return info.size;
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}
