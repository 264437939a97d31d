import type { FieldSchema, FieldType, RowSchema } from '../../../domain/signature.js';
import type { ModelSpec, TensorSpec } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import { kindOf } from './tensor-words.js';

/** What one value is; MLflow's many widths differ only inside the tensor. */
export type ValueKind = Extract<FieldType, 'number' | 'integer' | 'boolean' | 'string'>;

/** One field of a row, as MLflow's signature or the model's own tensors describe it. */
export interface ModelField {
  /** The row's field. */
  readonly field: string;
  /** The column or tensor it is called in MLflow; undefined for the one unnamed tensor. */
  readonly name: string | undefined;
  readonly kind: ValueKind;
  /** Shape of one row's value: empty for a single value, `null` for a size that varies. */
  readonly shape: readonly (number | null)[];
  readonly isRequired: boolean;
  /** The type in MLflow's words, as its owner reads it in the signature: `long`, `tensor of float32`. */
  readonly declared?: string;
  /** How a text is written. */
  readonly format?: FieldSchema['format'];
  /** What a client should know of it. */
  readonly description?: string;
}

/** The field as MLflow and the data frame call it. */
export function columnName({ name, field }: ModelField): string {
  return name ?? field;
}

/** Fields with the sizes of the model's tensors, and the encoding or decoding of those tensors. */
export interface CodecPart<Spec> {
  readonly fields: readonly ModelField[];
  readonly spec: Spec;
}

/** A size that the signature leaves open and the model fixes is fixed. */
export function withSizes(field: ModelField, { shape }: TensorSpec): ModelField {
  if (!shape || shape.length !== field.shape.length + 1) return field;
  return { ...field, shape: field.shape.map((size, axis) => size ?? shape[axis + 1]!) };
}

/**
 * Shape of a row's value given that of its tensor: without the rows, and without a lone axis of one, which means the
 * same and reads worse.
 */
export function valueShape(tensorShape: readonly (number | null)[]): (number | null)[] {
  const shape = tensorShape.slice(1);
  return shape.length === 1 && shape[0] === 1 ? [] : shape;
}

/**
 * Outputs by the shape that they come in: [1, rows], as skl2onnx has the labels of some classifiers, is read as [rows]
 * where the inputs have any number of rows.
 */
export function outputsByRows({ inputs, outputs }: ModelSpec): readonly TensorSpec[] {
  if (!inputs.every(({ shape }) => shape?.[0] === null)) return outputs;
  return outputs.map((one) => {
    const isTurned = one.shape?.length === 2 && one.shape[0] === 1 && one.shape[1] === null;
    return isTurned ? { ...one, shape: [null] } : one;
  });
}

/** Fields that a model's own tensors stand for: one each, by the tensor's name. */
export function fieldsOfTensors(tensors: readonly TensorSpec[]): ModelField[] {
  return tensors.map(({ name, dtype, shape }) => {
    return { field: name, name, kind: kindOf(dtype), shape: valueShape(shape ?? [null]), isRequired: true };
  });
}

/**
 * The JSON Schema of an input row.
 *
 * @param sample  a row whose values become the fields' examples.
 */
export function inputSchema(fields: readonly ModelField[], sample: Readonly<Record<string, unknown>> = {}): RowSchema {
  const properties = fields.map((field) => {
    const schema = valueSchema(field, false);
    const example = Object.hasOwn(sample, field.field) ? sample[field.field] : undefined;
    return [field.field, example === undefined ? schema : { ...schema, examples: [example] }] as const;
  });
  const required = fields.filter(({ isRequired }) => isRequired).map(({ field }) => field);
  return { type: 'object', properties: Object.fromEntries(properties) as RowSchema['properties'], required };
}

/** The JSON Schema of an output row; numbers may be null, which stands for NaN. */
export function outputSchema(fields: readonly ModelField[]): RowSchema {
  const properties = Object.fromEntries(fields.map((field) => [field.field, valueSchema(field, true)]));
  return { type: 'object', properties, required: Object.keys(properties) };
}

function valueSchema({ kind, shape, isRequired, format, description }: ModelField, mayBeNaN: boolean): FieldSchema {
  const isNullable = (mayBeNaN && kind === 'number') || (shape.length === 0 && !isRequired);
  const single: FieldSchema = { type: isNullable ? [kind, 'null'] : kind, ...(format && { format }) };
  const schema = shape.reduceRight<FieldSchema>((items, size) => {
    return { type: 'array', items, ...(size !== null && { minItems: size, maxItems: size }) };
  }, single);
  return description === undefined ? schema : { ...schema, description };
}

/** @throws RunError SIGNATURE_UNSUPPORTED unless every field has a name of its own. */
export function requireDistinctFields(fields: readonly ModelField[], side: string): void {
  const seen = new Set<string>();
  for (const { field } of fields) {
    if (seen.has(field)) throw new RunError('SIGNATURE_UNSUPPORTED', `The signature's ${side} name "${field}" twice.`);
    seen.add(field);
  }
}
