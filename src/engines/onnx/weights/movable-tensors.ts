import type { OnnxGraph } from '../graph/onnx-graph.js';
import { canUpdate } from '../graph/edit-graph.js';
import { ProtobufFile, WIRE } from '../graph/protobuf-file.js';
import type { ProtobufField } from '../graph/protobuf-file.js';

/** Weights of the graph whose values may lie in another file as they are. */
export interface MovableTensor {
  /** The whole tensor. */
  readonly field: ProtobufField;
  /** Its values: little-endian, without gaps. */
  readonly values: ProtobufField;
  /** Everything else that it holds. */
  readonly others: readonly ProtobufField[];
}

// Numbers of the fields, from onnx.proto.
const INITIALIZER = 5;
const TENSOR = { elementType: 2, segment: 3, floats: 4, raw: 9, doubles: 10, external: 13, location: 14 };
/** Fields in which values may stand. */
const VALUE_FIELDS: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11]);
const ELEMENT = { float: 1n, double: 11n };
/** Smaller ones stay in the graph: sharing them gains nothing, and ONNX Runtime computes shapes from some. */
const MIN_BYTES = 64 * 1024;

/** The large weights of a file that a second file could hold; none where the graph cannot be edited. */
export function movableTensors(path: string, graph: OnnxGraph): MovableTensor[] {
  if (!canUpdate(graph)) return [];
  const { valueStart, end } = graph.fields[0]!;
  return ProtobufFile.use(path, (file) => {
    const tensors: MovableTensor[] = [];
    file.forEachField(valueStart, end, (field) => {
      if (field.number !== INITIALIZER || field.end - field.start < MIN_BYTES) return;
      const tensor = movableTensor(file, field);
      if (tensor) tensors.push(tensor);
    });
    return tensors;
  });
}

/** Bytes of all their values. */
export function bytesOf(tensors: readonly MovableTensor[]): number {
  return tensors.reduce((sum, { values }) => sum + values.end - values.valueStart, 0);
}

function movableTensor(file: ProtobufFile, field: ProtobufField): MovableTensor | undefined {
  const fields: ProtobufField[] = [];
  file.forEachField(field.valueStart, field.end, (each) => fields.push(each));
  const [values, ...more] = fields.filter(({ number }) => VALUE_FIELDS.has(number));
  const isElsewhere = fields.some(
    ({ number, value }) =>
      number === TENSOR.segment || number === TENSOR.external || (number === TENSOR.location && value !== 0n),
  );
  const elementType = fields.find(({ number }) => number === TENSOR.elementType)?.value;
  if (!values || more.length > 0 || isElsewhere || !isPlain(values, elementType)) return undefined;
  if (values.end - values.valueStart < MIN_BYTES) return undefined;
  return { field, values, others: fields.filter((each) => each !== values) };
}

/** Whether values stand there as memory has them: raw, or packed floats of the tensor's own type. */
function isPlain({ number, wire }: ProtobufField, elementType: bigint | undefined): boolean {
  if (wire !== WIRE.bytes) return false;
  if (number === TENSOR.raw) return true;
  return (
    (number === TENSOR.floats && elementType === ELEMENT.float) ||
    (number === TENSOR.doubles && elementType === ELEMENT.double)
  );
}
