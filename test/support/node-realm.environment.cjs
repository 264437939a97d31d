// ONNX Runtime checks `instanceof Float32Array` against Node's own realm; Jest's default environment has another one
// and the addon then refuses its own output. This environment hands the host's typed arrays to the tests.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class NativeTypedArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, {
      ArrayBuffer,
      SharedArrayBuffer,
      Float32Array,
      Float64Array,
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
    });
  }
};
