import { floatValue, model, node, tensor } from './onnx-writer.mjs';

/** Numbers in one row. */
export const HEAVY_WIDTH = 16;
/** Side of the square matrices. */
const SIDE = 512;
/** Matrix products per row, about 134 million multiplications each. */
const LAYERS = 24;

/**
 * A network whose call takes tens of milliseconds per row, batched or not: each row becomes a 512 × 512 matrix that goes
 * through 24 products. The cost is arithmetic, as in a transformer; the file stays small because two weight matrices
 * are used in turn. Input `x` [rows, 16], output `y` [rows, 1].
 */
export function heavyModel() {
  const random = randomNumbers(1234);
  const weights = (name, ...dims) => {
    const scale = Math.sqrt(3 / dims[0]);
    const count = dims.reduce((product, dim) => product * dim, 1);
    return tensor(
      name,
      dims,
      Float32Array.from({ length: count }, () => (2 * random() - 1) * scale),
    );
  };
  const layers = Array.from({ length: LAYERS }, (_, i) => [
    node('MatMul', [`h${i}`, `square${i % 2}`], [`p${i}`]),
    node('Tanh', [`p${i}`], [`h${i + 1}`]),
  ]);
  return model({
    name: 'heavy',
    inputs: [floatValue('x', ['rows', HEAVY_WIDTH])],
    outputs: [floatValue('y', ['rows', 1])],
    initializers: [
      weights('widen', HEAVY_WIDTH, SIDE),
      weights('spread', 1, SIDE),
      weights('square0', SIDE, SIDE),
      weights('square1', SIDE, SIDE),
      weights('narrow', SIDE, 1),
      tensor('last', [1], BigInt64Array.from([2n])),
    ],
    nodes: [
      node('MatMul', ['x', 'widen'], ['wide']),
      node('Unsqueeze', ['wide', 'last'], ['column']),
      node('MatMul', ['column', 'spread'], ['h0']),
      ...layers.flat(),
      node('ReduceMean', [`h${LAYERS}`], ['mean'], { axes: [2], keepdims: 0 }),
      node('MatMul', ['mean', 'narrow'], ['y']),
    ],
  });
}

/** Always the same numbers from 0 to 1 (mulberry32), so that every machine gets the same file. */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
