const { TestEnvironment } = require('jest-environment-node');

/** What decorators tell a package about the type of a property. A package knows its own constructors only. */
const PROPERTY_TYPES = [Array, Date, Function, Map, Object, Promise, Set];

/**
 * Tests run in a realm of their own, and what Node loads for all of them in Node's. Where both must mean the same thing, the
 * tests get what Node has.
 */
module.exports = class NodeRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, {
      // For shared-package.transform.cjs.
      requireShared: require,
      Reflect: this.#makeReflect(),
      String,
      Number,
      Boolean,
      // ONNX Runtime checks `instanceof Float32Array`, and refuses its own output when it is of another realm.
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
    this.#knowErrors();
  }

  /** Errors of Node and of its packages are errors to the tests, as they are to a server. */
  #knowErrors() {
    const { Error: own } = this.global;
    const isInstance = Function.prototype[Symbol.hasInstance];
    Object.defineProperty(own, Symbol.hasInstance, {
      value(thrown) {
        return isInstance.call(this, thrown) || (this === own && thrown instanceof Error);
      },
    });
  }

  /** Node's own, where packages keep metadata, which gives them types that they know. */
  #makeReflect() {
    const known = new Map(PROPERTY_TYPES.map((type) => [this.global[type.name], type]));
    const translate = (value) => (Array.isArray(value) ? value.map(translate) : (known.get(value) ?? value));
    const metadata = (key, value) => Reflect.metadata(key, key.startsWith?.('design:') ? translate(value) : value);
    // Until a package has brought it there is none, and decorated classes do without.
    return Object.create(Reflect, { metadata: { get: () => Reflect.metadata && metadata } });
  }
};
