import util from 'node:util';

import type { NamedTensorMap } from '@tensorflow/tfjs-core';

import { withoutWarnings } from './without-warnings.js';

/** Input or output of a SavedModel's signature; dimensions are -1 where they vary. */
export interface SavedModelTensor {
  /** TensorFlow's word, e.g. `DT_INT64`. */
  readonly tfDtype: string;
  readonly name: string;
  /** Missing or empty entries for an unknown rank. */
  readonly shape?: readonly number[] | { readonly array?: readonly unknown[] };
}

export interface SavedModelSignature {
  readonly inputs: Readonly<Record<string, SavedModelTensor>>;
  readonly outputs: Readonly<Record<string, SavedModelTensor>>;
}

/** The part of @tensorflow/tfjs-node that engines use. */
export interface NativeTensorflow {
  readonly node: {
    getMetaGraphsFromSavedModel(
      folder: string,
    ): Promise<readonly { tags: string[]; signatureDefs: Readonly<Record<string, SavedModelSignature>> }[]>;
    loadSavedModel(
      folder: string,
      tags: string[],
      signature: string,
    ): Promise<{ predict(inputs: NamedTensorMap): NamedTensorMap; dispose(): void }>;
  };
}

let found: NativeTensorflow | null | undefined;

/**
 * The optional package @tensorflow/tfjs-node, or `null` where it is not installed or its native part is missing.
 * Loading it registers the TensorFlow.js backend `tensorflow`.
 */
export function nativeTensorflow(): NativeTensorflow | null {
  found ??= load();
  return found;
}

/* eslint-disable @typescript-eslint/no-require-imports --
   Not import(): the package may be absent, has no types here, and must also be found through NODE_PATH. */
function load(): NativeTensorflow | null {
  // Removed in Node 23, still called by tfjs-node 4.22 (tensorflow/tfjs issue 8609).
  const removed = util as { isNullOrUndefined?: (value: unknown) => boolean };
  removed.isNullOrUndefined ??= (value) => value === null || value === undefined;
  try {
    // It warns when it brings a copy of TensorFlow.js of its own, which works.
    const native = withoutWarnings(() => require('@tensorflow/tfjs-node') as NativeTensorflow);
    fixNegativeInt64(require('@tensorflow/tfjs-node/dist/int64_tensors.js') as Int64Encoding);
    return native;
  } catch {
    return null;
  }
}
/* eslint-enable @typescript-eslint/no-require-imports */

interface Int64Encoding {
  encodeInt32ArrayAsInt64: (values: Int32Array) => Int32Array;
}

/** tfjs-node 4.22 hands -5 to an int64 input of a SavedModel as 4294967291: it fills the upper half with zeros. */
function fixNegativeInt64(encoding: Int64Encoding): void {
  encoding.encodeInt32ArrayAsInt64 = (values) =>
    new Int32Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
}
