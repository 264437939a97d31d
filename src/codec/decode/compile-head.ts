import type { DecodeSpec, HeadDecode } from '../../domain/decode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import type { OutputRowSchema } from '../../domain/signature.js';
import { mismatch } from '../encode/encode-scope.js';
import { compileBinary, compileMultiClass, compileMultiLabel, compileTopK } from './class-decoder.js';
import { compileEmbedding } from './embedding-decoder.js';
import type { OutputDecoder } from './output-decoder.js';
import { labelKey } from './output-table.js';
import { compileTensors } from './tensors-decoder.js';
import { compileInterval, compileRegression } from './value-decoder.js';

/**
 * Compiles the kind of `decode`, or all heads of several.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when one contradicts itself.
 */
export function compileKind(decode: DecodeSpec, output: OutputRowSchema): OutputDecoder {
  if (decode.kind !== 'heads') return compileHead(decode, output, '/decode');
  const builders = decode.heads.map((head, i) => compileHead(head, output, `/decode/heads/${i}`));
  return {
    fields: builders.flatMap(({ fields }) => fields),
    tensors: builders.flatMap(({ tensors }) => tensors),
    inputNames: [...new Set(builders.flatMap(({ inputNames = [] }) => inputNames))],
    decode(outputs, rows, fieldNames, inputs) {
      const wanted = builders.filter(({ fields }) => fields.some((field) => fieldNames.has(field)));
      return new Map(wanted.flatMap((decoder) => [...decoder.decode(outputs, rows, fieldNames, inputs)]));
    },
  };
}

function compileHead(head: HeadDecode, output: OutputRowSchema, pointer: string): OutputDecoder {
  switch (head.kind) {
    case 'binary':
      return compileBinary(head);
    case 'multi-class':
      requireDistinctLabels(head.labels, pointer);
      return compileMultiClass(head);
    case 'multi-label':
      requireDistinctLabels(head.labels, pointer);
      requireThresholds(head.threshold, head.labels.length, pointer);
      return compileMultiLabel(head);
    case 'regression':
      return compileRegression(head);
    case 'tensors': {
      const unknown = head.single?.find((name) => !(name in head.fields));
      if (unknown !== undefined) throw mismatch(`${pointer}/single`, `"${unknown}" is not one of the fields`);
      return compileTensors(head, output);
    }
    case 'top-k':
      requireDistinctLabels(head.labels, pointer);
      if (head.k > head.labels.length) throw mismatch(`${pointer}/k`, `there are only ${head.labels.length} labels`);
      return compileTopK(head);
    case 'embedding':
      if (head.mask !== undefined && head.pooling !== 'mean')
        throw mismatch(`${pointer}/mask`, 'does nothing unless pooling is mean');
      return compileEmbedding(head);
    case 'interval':
      if ((head.value === undefined) !== (head.value_field === undefined))
        throw mismatch(`${pointer}/value`, 'value and value_field need each other');
      return compileInterval(head);
  }
}

function requireThresholds(threshold: number | readonly number[], labels: number, pointer: string): void {
  if (typeof threshold === 'number' || threshold.length === labels) return;
  throw mismatch(`${pointer}/threshold`, `there are ${threshold.length} thresholds for ${labels} labels`);
}

function requireDistinctLabels(labels: readonly JsonValue[], pointer: string): void {
  requireDistinct(labels.map(labelKey), `${pointer}/labels`);
}

/** @throws RunError `SIGNATURE_MISMATCH` naming the first that is there twice. */
export function requireDistinct(names: readonly string[], pointer: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw mismatch(pointer, `"${name}" is there twice`);
    seen.add(name);
  }
}
