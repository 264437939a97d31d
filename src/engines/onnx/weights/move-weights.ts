import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { sha256OfBytes } from '../../../lib/digest.js';
import { withGraphEdits } from '../graph/edit-graph.js';
import type { GraphEdit } from '../graph/edit-graph.js';
import type { OnnxGraph } from '../graph/onnx-graph.js';
import { ProtobufFile, bytesField, numberField } from '../graph/protobuf-file.js';
import type { MovableTensor } from './movable-tensors.js';

/** Names of the two files. */
export const GRAPH_FILE = 'model.onnx';
export const WEIGHT_FILE = 'weights.bin';

/** A file that was written. */
export interface WrittenFile {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

// Numbers of the fields, from onnx.proto.
const INITIALIZER = 5;
const TENSOR = { external: 13, location: 14 };
const ENTRY = { key: 1, value: 2 };
const EXTERNAL = 1;
/** Each tensor begins at a page of memory, which the file's pages become. */
const ALIGN_BYTES = 4096;
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Writes a copy of an ONNX file in two: the graph, and large weights beside it as ONNX's external data, which ONNX
 * Runtime maps into memory instead of reading it. Blocks its thread for as long as the disk takes.
 *
 * @param path  the file that `graph` and `tensors` were read from.
 * @param folder  an empty one.
 * @throws Error of the file system, e.g. when the disk is full.
 */
export function moveWeights(
  path: string,
  graph: OnnxGraph,
  tensors: readonly MovableTensor[],
  folder: string,
): Readonly<Record<string, WrittenFile>> {
  const edits: GraphEdit[] = [];
  const weights = ProtobufFile.use(path, (file) =>
    writeFile(join(folder, WEIGHT_FILE), (out) => {
      for (const tensor of tensors) {
        out.pad(ALIGN_BYTES);
        edits.push({ field: tensor.field, bytes: withoutValues(file, tensor, out.position) });
        copyValues(file, tensor.values, out);
      }
    }),
  );
  const bytes = withGraphEdits(path, graph, edits);
  writeFileSync(join(folder, GRAPH_FILE), bytes, { mode: 0o600, flag: 'wx' });
  return { [WEIGHT_FILE]: weights, [GRAPH_FILE]: { bytes: bytes.length, sha256: sha256OfBytes(bytes) } };
}

/** The tensor with the place of its values instead of them. */
function withoutValues(file: ProtobufFile, { values, others }: MovableTensor, offset: number): Buffer {
  const place = { location: WEIGHT_FILE, offset: String(offset), length: String(values.end - values.valueStart) };
  const content = Buffer.concat([
    ...others.map(({ start, end }) => file.bytes(start, end)),
    ...Object.entries(place).map(([key, value]) => bytesField(TENSOR.external, entryOf(key, value))),
    numberField(TENSOR.location, EXTERNAL),
  ]);
  return bytesField(INITIALIZER, content);
}

function entryOf(key: string, value: string): Buffer {
  return Buffer.concat([bytesField(ENTRY.key, Buffer.from(key)), bytesField(ENTRY.value, Buffer.from(value))]);
}

function copyValues(
  file: ProtobufFile,
  { valueStart, end }: { readonly valueStart: number; readonly end: number },
  out: Output,
): void {
  for (let from = valueStart; from < end; from += CHUNK_BYTES) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - from));
    file.copyTo(chunk, 0, from, from + chunk.length);
    out.write(chunk);
  }
}

/** A file that is being written from front to back. */
class Output {
  position = 0;
  private readonly hash = createHash('sha256');

  constructor(private readonly fd: number) {}

  write(bytes: Buffer): void {
    for (let from = 0; from < bytes.length;) from += writeSync(this.fd, bytes, from);
    this.hash.update(bytes);
    this.position += bytes.length;
  }

  /** Zeros up to the next multiple. */
  pad(multiple: number): void {
    this.write(Buffer.alloc((multiple - (this.position % multiple)) % multiple));
  }

  end(): WrittenFile {
    return { bytes: this.position, sha256: this.hash.digest('hex') };
  }
}

function writeFile(path: string, write: (out: Output) => void): WrittenFile {
  const fd = openSync(path, 'wx', 0o600);
  try {
    const out = new Output(fd);
    write(out);
    return out.end();
  } finally {
    closeSync(fd);
  }
}
