import type { OnnxGraph } from './onnx-graph.js';
import { ProtobufFile, bytesHeader } from './protobuf-file.js';
import type { ProtobufField } from './protobuf-file.js';

/** What stands in place of a field of the graph; nothing, to leave it out. */
export interface GraphEdit {
  readonly field: ProtobufField;
  readonly bytes: Buffer;
}

/** Number of the graph's field, from onnx.proto. */
const GRAPH = 7;

/** Whether the fields of a graph can be edited: a file may have it in several parts, which nobody writes. */
export function canUpdate({ fields }: OnnxGraph): boolean {
  return fields.length === 1;
}

/**
 * The bytes of an ONNX file in which some fields of its graph are others.
 *
 * @param path  the file that `graph` was read from.
 * @param graph  an editable one.
 * @param edits  of different fields of the graph itself, in any order.
 */
export function withGraphEdits(path: string, graph: OnnxGraph, edits: readonly GraphEdit[]): Buffer {
  const [graphField] = graph.fields as [ProtobufField];
  const inOrder = [...edits].sort((a, b) => a.field.start - b.field.start);
  const header = bytesHeader(GRAPH, graphField.end - graphField.valueStart + addedBytes(inOrder));
  const start: ProtobufField = { ...graphField, end: graphField.valueStart };
  return ProtobufFile.use(path, (file) => withEdits(file, [{ field: start, bytes: header }, ...inOrder]));
}

/** @param edits  in the order of their places. */
function withEdits(file: ProtobufFile, edits: readonly GraphEdit[]): Buffer {
  const result = Buffer.allocUnsafe(file.size + addedBytes(edits));
  let [from, at] = [0, 0];
  for (const { field, bytes } of edits) {
    file.copyTo(result, at, from, field.start);
    at += field.start - from;
    at += bytes.copy(result, at);
    from = field.end;
  }
  file.copyTo(result, at, from, file.size);
  return result;
}

function addedBytes(edits: readonly GraphEdit[]): number {
  return edits.reduce((sum, { field, bytes }) => sum + bytes.length - (field.end - field.start), 0);
}
