import { headsOf } from '../../domain/decode-spec.js';
import type { DecodeSpec, HeadDecode } from '../../domain/decode-spec.js';

/** Where the labels of a run stand in its answers, as dotted names without places in lists. */
export function labelPlacesOf(decode: DecodeSpec): ReadonlySet<string> {
  return new Set(headsOf(decode).flatMap(placesOf));
}

function placesOf(head: HeadDecode): readonly string[] {
  switch (head.kind) {
    case 'binary':
    case 'multi-class':
    case 'multi-label':
      return [head.field];
    case 'top-k':
      return [`${head.field}.label`];
    case 'regression':
    case 'tensors':
    case 'embedding':
    case 'interval':
      return [];
  }
}
