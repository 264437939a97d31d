import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { sha256OfFileSync } from '../../../lib/digest.js';
import type { LoadRequest, WeightSharing } from '../../inference-engine.js';
import type { OnnxGraph } from '../graph/onnx-graph.js';
import { bytesOf, movableTensors } from './movable-tensors.js';
import { GRAPH_FILE, WEIGHT_FILE, moveWeights } from './move-weights.js';
import { WeightCache, WeightCacheError } from './weight-cache.js';
import type { CacheEntry } from './weight-cache.js';

/** A file of the model whose weights lie in other files, which ONNX Runtime maps. */
export interface ShareableWeights {
  /** Absolute. */
  readonly file: string;
  /** The files that hold the weights, absolute. */
  readonly weightFiles: readonly string[];
  /** Bytes of the weights. */
  readonly bytes: number;
  /** Where it was written; undefined when the run itself keeps its weights apart. */
  readonly entry?: CacheEntry;
}

/**
 * The model in a form whose weights can be shared: as it is when its weights lie in files of their own, else a copy in
 * the cache. The files of the store are never written.
 *
 * @param file  of the model, that `graph` was read from.
 * @returns undefined when the model is too small, or has no weights that can be moved.
 * @throws WeightCacheError when the cache cannot hold the copy.
 */
export function shareableWeights(
  file: string,
  graph: OnnxGraph,
  { sharing, sha256 }: Pick<LoadRequest, 'sharing' | 'sha256'>,
): ShareableWeights | undefined {
  if (!sharing) return undefined;
  if (graph.weightFiles.length > 0) return keptApart(file, graph, sharing);
  if (statSync(file).size < sharing.minBytes) return undefined;
  const tensors = movableTensors(file, graph);
  const bytes = bytesOf(tensors);
  if (bytes < sharing.minBytes) return undefined;
  const cache = new WeightCache(sharing);
  const key = sha256 ?? sha256OfFileSync(file);
  const entry =
    cache.find(key) ??
    cache.make(key, statSync(file).size, (folder) => {
      if (sha256 !== undefined && sha256OfFileSync(file) !== sha256)
        throw new WeightCacheError('the file has changed since its digest was written');
      return moveWeights(file, graph, tensors, folder);
    });
  const [graphFile, weightFile] = [join(entry.folder, GRAPH_FILE), join(entry.folder, WEIGHT_FILE)];
  return { file: graphFile, weightFiles: [weightFile], bytes, entry };
}

function keptApart(file: string, graph: OnnxGraph, { minBytes }: WeightSharing): ShareableWeights | undefined {
  const weightFiles = graph.weightFiles.map((name) => join(dirname(file), name));
  const bytes = weightFiles.reduce((sum, path) => sum + statSync(path).size, 0);
  return bytes < minBytes ? undefined : { file, weightFiles, bytes };
}
