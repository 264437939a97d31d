import { closeSync, openSync, readSync } from 'node:fs';

import type { OnnxGraph } from './onnx-graph.js';
import { readOnnxGraph } from './read-onnx-graph.js';

/** What is known of a file from its graph: the graph; why there is none; or neither, for ONNX Runtime's own format. */
interface OnnxFile {
  readonly graph?: OnnxGraph;
  readonly error?: Error;
}

/** Reads the graph of a file. An error is given back, because ONNX Runtime says better what is wrong with a file. */
export function readOnnxFile(path: string): OnnxFile {
  try {
    return isOrtFormat(path) ? {} : { graph: readOnnxGraph(path) };
  } catch (error) {
    return { error: error as Error };
  }
}

/** ONNX Runtime's own format (`.ort`) is a FlatBuffer: its identifier follows the first offset. It has no second file. */
function isOrtFormat(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(8);
    readSync(fd, start, 0, start.length, 0);
    return start.toString('latin1', 4) === 'ORTM';
  } finally {
    closeSync(fd);
  }
}
