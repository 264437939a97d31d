/**
 * Writes ONNX files: just enough of the protobuf of onnx.proto3 for nodes, attributes of integers, and tensors.
 * A field is a tag (number << 3 | wire type) and its value: a varint (0) or counted bytes (2).
 */
const FLOAT = 1;
const INT64 = 7;

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const counted = (field, content) => {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
};
const message = (...fields) => Buffer.concat(fields.flat());

/** An initializer from a Float32Array or a BigInt64Array. */
export function tensor(name, dims, values) {
  const dtype = values instanceof Float32Array ? FLOAT : INT64;
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return message(
    dims.map((dim) => number(1, dim)),
    number(2, dtype),
    counted(8, name),
    counted(9, raw),
  );
}

/** One operation; attributes are integers or lists of integers. */
export function node(operation, inputs, outputs, attributes = {}) {
  return message(
    inputs.map((name) => counted(1, name)),
    outputs.map((name) => counted(2, name)),
    counted(4, operation),
    Object.entries(attributes).map(([name, value]) => counted(5, attribute(name, value))),
  );
}

function attribute(name, value) {
  const isList = Array.isArray(value);
  const values = isList ? value.map((item) => number(8, item)) : [number(3, value)];
  return message(counted(1, name), values, number(20, isList ? 7 : 2));
}

/** A float32 input or output; a dimension is a number or a name. */
export function floatValue(name, dims) {
  const shape = message(dims.map((dim) => counted(1, typeof dim === 'number' ? number(1, dim) : counted(2, dim))));
  const tensorType = message(number(1, FLOAT), counted(2, shape));
  return message(counted(1, name), counted(2, counted(1, tensorType)));
}

/** A whole model file. */
export function model({ name, nodes, initializers, inputs, outputs, opset = 13 }) {
  const graph = message(
    nodes.map((each) => counted(1, each)),
    counted(2, name),
    initializers.map((each) => counted(5, each)),
    inputs.map((each) => counted(11, each)),
    outputs.map((each) => counted(12, each)),
  );
  return message(number(1, 8), counted(7, graph), counted(8, number(2, opset)));
}
