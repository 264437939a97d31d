import type { DecodeSpec, HeadDecode } from '../../../domain/decode-spec.js';
import type { TensorSpec } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import { matchNames } from './match-names.js';
import { valueShape, withSizes } from './model-field.js';
import type { CodecPart, ModelField } from './model-field.js';
import { dtypeWords, fieldWords, kindOf, tensorList, tensorText } from './tensor-words.js';

type Assignment = ReadonlyMap<ModelField, TensorSpec>;

/** Several fields that are the columns of one output, in their order. */
interface SharedColumns {
  readonly fields: readonly ModelField[];
  readonly tensor: TensorSpec;
}

/**
 * How a model's outputs become the output fields: by name; several single values of one kind share the columns of the
 * one output that has as many; what is left by element type and shape, when that leaves no choice.
 *
 * @throws RunError SIGNATURE_MISMATCH when names, types and shapes do not tell which is which.
 */
export function deriveOutputs(fields: readonly ModelField[], tensors: readonly TensorSpec[]): CodecPart<DecodeSpec> {
  const named = matchNames(fields, tensors);
  named.forEach((tensor, field) => requireFit(field, tensor));
  const taken = new Set(named.values());
  const free = tensors.filter((tensor) => !taken.has(tensor));
  const withoutName = fields.filter((field) => !named.has(field));
  const shared = sharedColumns(withoutName, free, named.size === 0);
  const sharing = new Set(shared.flatMap((one) => one.fields));
  const open = withoutName.filter((field) => !sharing.has(field));
  const shareable = new Set(shared.map(({ tensor }) => tensor));
  const left = free.filter((tensor) => !shareable.has(tensor));
  const matched = new Map(open.map((field) => [field, fittingOne(field, left, tensors)] as const));
  if (new Set(matched.values()).size < matched.size) throw severalFields(open, tensors);
  const own = fields.filter((field) => !sharing.has(field));
  const heads = [...headOf(own, new Map([...named, ...matched])), ...shared.map(columnsHead)];
  const [only] = heads;
  return {
    fields: fields.map((field) => withSizes(field, named.get(field) ?? matched.get(field) ?? ANY_SHAPE)),
    spec: only && heads.length === 1 ? only : { kind: 'heads', heads },
  };
}

/** Of a field that is a column of an output among others. */
const ANY_SHAPE: TensorSpec = { name: '', dtype: null, shape: null };

function headOf(fields: readonly ModelField[], sources: Assignment): HeadDecode[] {
  if (fields.length === 0) return [];
  const single = fields.filter(({ shape }) => shape.length === 0).map(({ field }) => field);
  return [
    {
      kind: 'tensors',
      fields: Object.fromEntries(fields.map((field) => [field.field, sources.get(field)!.name])),
      ...(single.length > 0 && { single }),
    },
  ];
}

/** By name where the model names its columns and the fields are called so, else in the order of the signature. */
function columnsHead({ tensor, fields }: SharedColumns): HeadDecode {
  const names = fields.map(({ field }) => field);
  const labels = tensor.labels?.map(String) ?? [];
  const areNamed = labels.length === names.length && labels.every((label) => names.includes(label));
  return { kind: 'regression', tensor: tensor.name, fields: areNamed ? labels : names };
}

/** Fields of each kind that are the columns of an output, where exactly one has as many. */
function sharedColumns(
  fields: readonly ModelField[],
  tensors: readonly TensorSpec[],
  isWhole: boolean,
): readonly SharedColumns[] {
  if (isWhole && fields.length > 1) {
    const tensor = matrixFor(fields, tensors);
    if (tensor) return [{ fields, tensor }];
  }
  return (['number', 'integer'] as const).flatMap((kind) => {
    const own = fields.filter((field) => field.kind === kind && field.shape.length === 0);
    const wide = tensors.filter((tensor) => kindOf(tensor.dtype) === kind && isWide(tensor, own.length));
    return own.length > 1 && wide.length === 1 ? [{ fields: own, tensor: wide[0]! }] : [];
  });
}

function isWide({ dtype, shape }: TensorSpec, columns: number): boolean {
  return dtype !== null && shape?.length === 2 && shape[1] === columns;
}

/** The output whose columns are all fields, when there is exactly one. */
function matrixFor(fields: readonly ModelField[], tensors: readonly TensorSpec[]): TensorSpec | undefined {
  if (fields.some(({ shape }) => shape.length > 0)) return undefined;
  const ofKind = tensors.filter((tensor) => fields.every((field) => isOfKind(field, tensor)));
  const ofWidth = ofKind.filter((tensor) => tensor.shape?.length === 2 && tensor.shape[1] === fields.length);
  if (ofWidth.length > 0) return ofWidth.length === 1 ? ofWidth[0] : undefined;
  // Some exporters declare another width than they give; the self-test sees what comes.
  return tensors.length === 1 ? ofKind[0] : undefined;
}

/** @throws RunError SIGNATURE_MISMATCH unless exactly one tensor fits. */
function fittingOne(field: ModelField, free: readonly TensorSpec[], all: readonly TensorSpec[]): TensorSpec {
  const ofKind = free.filter((tensor) => isOfKind(field, tensor));
  const exact = ofKind.filter((tensor) => hasShape(field, tensor, false));
  const open = exact.length > 0 ? exact : ofKind.filter((tensor) => hasShape(field, tensor, true));
  const fitting = open.length > 0 || all.length > 1 ? open : ofKind.filter((tensor) => mayBeList(field, tensor));
  if (fitting.length === 1) return fitting[0]!;
  const which = `The signature's output "${field.field}" is ${fieldWords(field)}, which`;
  const message =
    fitting.length === 0
      ? `${which} none of the model's outputs is: ${tensorList(all)}.`
      : `${which} several of the model's outputs are: ${tensorList(fitting)}.`;
  throw new RunError('SIGNATURE_MISMATCH', message, { fix: howToName(all) });
}

function severalFields(fields: readonly ModelField[], tensors: readonly TensorSpec[]): RunError {
  const names = fields.map(({ field }) => `"${field}"`).join(', ');
  const message = `The signature's outputs ${names} cannot be told apart in the model's: ${tensorList(tensors)}.`;
  return new RunError('SIGNATURE_MISMATCH', message, { fix: howToName(tensors) });
}

/** @throws RunError SIGNATURE_MISMATCH when the tensor of the field's name holds something else. */
function requireFit(field: ModelField, tensor: TensorSpec): void {
  const { dtype } = tensor;
  if (dtype !== null && !isNumeric(field, tensor) && !isOfKind(field, tensor)) {
    const message = `The output "${field.field}" is ${fieldWords(field)} in the signature and ${dtypeWords(dtype)} in the model.`;
    throw new RunError('SIGNATURE_MISMATCH', message, { fix: howToCall(field, tensor) });
  }
  if (hasShape(field, tensor, true) || mayBeList(field, tensor)) return;
  const message = `The output "${field.field}" is ${fieldWords(field)} in the signature; in the model it is ${tensorText(tensor)}.`;
  throw new RunError('SIGNATURE_MISMATCH', message, { fix: howToName([tensor]) });
}

function isNumeric({ kind }: ModelField, { dtype }: TensorSpec): boolean {
  return [kind, kindOf(dtype)].every((one) => one === 'number' || one === 'integer');
}

function isOfKind({ kind }: ModelField, { dtype }: TensorSpec): boolean {
  return dtype === null || kind === kindOf(dtype);
}

/** @param mayBeOpen  whether a width that the model does not fix may hold a single value. */
function hasShape({ shape: wanted }: ModelField, { shape }: TensorSpec, mayBeOpen: boolean): boolean {
  if (shape === null) return true;
  const given = valueShape(shape);
  if (wanted.length === 0 && mayBeOpen && given.length === 1 && given[0] === null) return true;
  return (
    given.length === wanted.length &&
    given.every((size, axis) => (size ?? wanted[axis] ?? size) === (wanted[axis] ?? size))
  );
}

/** Some exporters declare one number for models that give several; the self-test sees what comes. */
function mayBeList({ shape: wanted }: ModelField, { shape }: TensorSpec): boolean {
  return wanted.length === 1 && shape?.length === 2 && shape[1] === 1;
}

/** What to do about an output that has its name and another type. */
function howToCall({ field, kind }: ModelField, tensor: TensorSpec): string {
  if (kindOf(tensor.dtype) !== 'integer' || kind === 'number') return howToName([tensor]);
  const numbers = kind === 'boolean' ? 'predictions.astype(int)' : 'the number of each class';
  return (
    `Log the whole numbers that the model gives (pd.DataFrame({"${field}": …}) of ${numbers}), or leave the outputs out ` +
    '(infer_signature(X)). What each number is called says a full contract (docs/mlflow.md): "decode" of the kind "binary" or ' +
    `"multi-class" with "labels"${kind === 'boolean' ? ': [false, true]' : ''}.`
  );
}

function howToName(tensors: readonly TensorSpec[]): string {
  const wide = tensors.find(({ dtype, shape }) => kindOf(dtype) === 'number' && shape?.length === 2 && shape[1] !== 1);
  const one = tensors.find((tensor) => tensor !== wide) ?? tensors[0];
  const ways = [
    ...(one ? [`name a column of its outputs as the model does (pd.DataFrame({"${one.name}": …}))`] : []),
    ...(wide
      ? [`give it exactly one column for each number of "${wide.name}" (pd.DataFrame(probabilities, columns=[…]))`]
      : []),
    'leave the outputs out (infer_signature(X)), which serves every output of the model under its own name',
  ];
  return `Log the model with another signature: ${ways.join(', or ')}.`;
}
