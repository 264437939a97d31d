import type { DecodeSpec } from '../../../domain/decode-spec.js';
import type { Column, TensorEncoding } from '../../../domain/encode-spec.js';
import type { TensorSpec, DType } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import type { ModelField } from './model-field.js';

/** Fields with the sizes of the model's tensors, and the encoding or decoding of those tensors. */
interface CodecPart<Spec> {
  readonly fields: readonly ModelField[];
  readonly spec: Spec;
}

/**
 * Derives how input fields feed a model, as MLflow's own scoring does it: a model with one input takes all columns side
 * by side as its matrix (or the one array), a model with several takes one field each, by name.
 *
 * @throws RunError SIGNATURE_MISMATCH when the fields do not match the inputs.
 */
export function deriveInputs(
  fields: readonly ModelField[],
  tensors: readonly TensorSpec[],
): CodecPart<readonly TensorEncoding[]> {
  const [only] = tensors;
  if (only && tensors.length === 1 && fields.every(({ shape }) => shape.length === 0)) {
    return { fields, spec: [columns(only, fields)] };
  }
  const pairs = fields.map((field) => [field, tensorFor(field, fields, tensors)] as const);
  const resolvedFields = pairs.map(([field, tensor]) => withSizes(field, tensor));
  return { fields: resolvedFields, spec: resolvedFields.map((field, i) => encodingOf(field, pairs[i]![1])) };
}

function tensorFor(field: ModelField, fields: readonly ModelField[], tensors: readonly TensorSpec[]): TensorSpec {
  const found = fields.length === 1 && tensors.length === 1 ? tensors[0] : tensors.find((t) => t.name === field.name);
  if (found) return found;
  const known = tensors.map(({ name }) => `"${name}"`).join(', ');
  const message = `The signature's input "${field.field}" is none of the model's inputs, which are ${known}.`;
  throw new RunError('SIGNATURE_MISMATCH', message);
}

function encodingOf(field: ModelField, tensor: TensorSpec): TensorEncoding {
  if (field.shape.length === 0) return columns(tensor, [field]);
  const dtype = tensor.dtype ?? 'float32';
  if (dtype === 'string' || field.kind === 'string' || field.kind === 'boolean') {
    const message = `The input "${field.field}" is an array of ${field.kind} values; only arrays of numbers are fed.`;
    throw new RunError('SIGNATURE_UNSUPPORTED', message);
  }
  const shape = field.shape.map((size) => {
    if (size !== null) return size;
    throw new RunError('SIGNATURE_UNSUPPORTED', `The input "${field.field}" has a size that varies beside the rows.`);
  });
  return { kind: 'array', tensor: tensor.name, dtype, field: field.field, shape };
}

function columns({ name, dtype, shape }: TensorSpec, fields: readonly ModelField[]): TensorEncoding {
  const isText = fields.every(({ kind }) => kind === 'string');
  const made: DType = dtype ?? (isText ? 'string' : 'float32');
  const rank = shape?.length === 1 ? 1 : 2;
  return { kind: 'columns', tensor: name, dtype: made, rank, columns: fields.map((field) => columnOf(field, made)) };
}

function columnOf({ field, kind, isRequired }: ModelField, dtype: DType): Column {
  const isMissingNaN = !isRequired && dtype.startsWith('float');
  switch (kind) {
    case 'string':
      return { kind: 'string', field, ...(!isRequired && { missing: '' }) };
    case 'boolean':
      return { kind: 'boolean', field, ...(isMissingNaN && { missing: 'nan' }) };
    default:
      return { kind: 'number', field, ...(isMissingNaN && { missing: 'nan' }) };
  }
}

/** A size that the signature leaves open and the model fixes is fixed. */
function withSizes(field: ModelField, { shape }: TensorSpec): ModelField {
  if (!shape || shape.length !== field.shape.length + 1) return field;
  return { ...field, shape: field.shape.map((size, axis) => size ?? shape[axis + 1]!) };
}

/**
 * How a model's outputs become the output fields: by name; a single field takes the model's first output, which is the
 * prediction in every exporter; several single numbers share the columns of a single output.
 *
 * @throws RunError SIGNATURE_MISMATCH when the names do not tell which is which.
 */
export function deriveOutputs(fields: readonly ModelField[], tensors: readonly TensorSpec[]): CodecPart<DecodeSpec> {
  const named = fields.map(({ name }) => tensors.find((tensor) => tensor.name === name));
  const sources = named.every((tensor) => tensor !== undefined)
    ? named
    : fields.length === 1
      ? tensors.slice(0, 1)
      : [];
  if (sources.length === 0 && tensors.length === 1 && fields.every(isSingleNumber)) {
    const spec: DecodeSpec = { kind: 'regression', tensor: tensors[0]!.name, fields: fields.map(({ field }) => field) };
    return { fields, spec };
  }
  if (sources.length === 0) {
    const [fieldList, has] = [fields.map(({ field }) => field), tensors.map(({ name }) => name)].map((names) =>
      names.map((name) => `"${name}"`).join(', '),
    );
    throw new RunError('SIGNATURE_MISMATCH', `The signature's outputs are ${fieldList}, the model's are ${has}.`);
  }
  const resolvedFields = fields.map((field, i) => withSizes(field, sources[i]!));
  const single = fields.filter(({ shape }) => shape.length === 0).map(({ field }) => field);
  const spec: DecodeSpec = {
    kind: 'tensors',
    fields: Object.fromEntries(fields.map(({ field }, i) => [field, sources[i]!.name])),
    ...(single.length > 0 && { single }),
  };
  return { fields: resolvedFields, spec };
}

function isSingleNumber({ kind, shape }: ModelField): boolean {
  return shape.length === 0 && (kind === 'number' || kind === 'integer');
}
