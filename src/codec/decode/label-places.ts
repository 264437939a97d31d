import type { DecodeSpec } from '../../domain/decode-spec.js';

/** Where the labels of a run stand in its answers, as dotted names without places in lists. */
export function labelPlacesOf(decode: DecodeSpec): ReadonlySet<string> {
  switch (decode.kind) {
    case 'binary':
    case 'multi-class':
    case 'multi-label':
      return new Set([decode.field]);
    case 'regression':
    case 'tensors':
      return new Set();
  }
}
