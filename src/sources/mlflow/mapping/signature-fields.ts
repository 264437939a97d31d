import { JsonSyntaxError, parseJson } from '../../../lib/json/json-text.js';
import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject } from '../../../lib/json/json.js';
import { RunError } from '../../../domain/verdict.js';
import { requireDistinctFields, valueShape } from './model-field.js';
import type { ModelField, ValueKind } from './model-field.js';

/** MLflow's column types that rows can hold; `binary`, objects and maps are not among them. */
const KIND_OF_COLUMN: Readonly<Record<string, ValueKind>> = {
  boolean: 'boolean',
  integer: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  string: 'string',
  datetime: 'string',
};

/** What MLflow writes of outputs that it could not tell: several tensors of a SavedModel, for one. */
const UNKNOWN = 'any';

/**
 * Fields of one half of a signature: JSON inside the `MLmodel` file, with column or tensor specifications.
 *
 * @param side     `inputs` or `outputs`, for messages.
 * @param defaultName  what a specification without a name is called; numbered when there are several.
 * @returns undefined when it only says that there is something.
 * @throws RunError MLMODEL_INVALID when it is no such JSON, SIGNATURE_UNSUPPORTED for a type that rows cannot hold.
 */
export function fieldsOfSignature(text: string, side: string, defaultName: string): ModelField[] | undefined {
  const specs = listOf(text, side);
  if (specs.length === 1 && specs[0]!.type === UNKNOWN && specs[0]!.name === undefined) return undefined;
  const fields = specs.map((spec, i) => {
    const name = typeof spec.name === 'string' ? spec.name : undefined;
    const field = name ?? (specs.length === 1 ? defaultName : `${defaultName}_${i}`);
    const value = spec.type === 'tensor' ? tensorValue(spec, side, field) : columnValue(spec, side, field);
    return { field, name, isRequired: spec.required !== false && spec.optional !== true, ...value };
  });
  requireDistinctFields(fields, side);
  return fields;
}

function listOf(text: string, side: string): JsonObject[] {
  try {
    const list = parseJson(text, { allowNonFinite: true });
    if (Array.isArray(list) && list.length > 0 && list.every(isJsonObject)) return list;
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  throw new RunError(
    'MLMODEL_INVALID',
    `The signature's ${side} in the MLmodel file are not a list of specifications.`,
  );
}

type Value = Pick<ModelField, 'kind' | 'shape' | 'declared' | 'format'>;

function columnValue(spec: JsonObject, side: string, field: string): Value {
  const { type } = spec;
  if (type === 'array' && isJsonObject(spec.items)) {
    const { kind, shape, declared } = columnValue(spec.items, side, field);
    return { kind, shape: [null, ...shape], ...(declared !== undefined && { declared: `array of ${declared}` }) };
  }
  if (typeof type !== 'string') throw unsupported(side, field, 'of no known type');
  const kind = Object.hasOwn(KIND_OF_COLUMN, type) ? KIND_OF_COLUMN[type] : undefined;
  if (kind) return { kind, shape: [], declared: type, ...(type === 'datetime' && { format: 'date-time' as const }) };
  throw unsupported(side, field, type);
}

function tensorValue(spec: JsonObject, side: string, field: string): Value {
  const tensor = spec['tensor-spec'];
  if (!isJsonObject(tensor) || typeof tensor.dtype !== 'string' || !Array.isArray(tensor.shape)) {
    throw new RunError('MLMODEL_INVALID', `The tensor specification "${field}" of ${side} lacks its dtype or shape.`);
  }
  const kind = typeOfDtype(tensor.dtype);
  if (!kind) throw unsupported(side, field, tensor.dtype);
  const shape = tensor.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : null));
  return { kind, shape: valueShape(shape), declared: `tensor of ${tensor.dtype}` };
}

function typeOfDtype(dtype: string): ValueKind | undefined {
  if (/^float(16|32|64)$/.test(dtype)) return 'number';
  if (/^u?int(8|16|32|64)$/.test(dtype)) return 'integer';
  if (dtype === 'bool') return 'boolean';
  return dtype === 'str' || dtype === 'object' || dtype === 'string' ? 'string' : undefined;
}

/** What to log in place of columns that no model here takes. */
const IN_PLACE_OF: Readonly<Record<string, string>> = {
  object: 'Log one column for each member of the object: pd.json_normalize(X.to_dict("records")).',
  map: 'Log one column for each key of the map, or an array of numbers.',
  binary: 'Log an array of numbers, e.g. the pixels of the picture, in place of its bytes.',
};

function unsupported(side: string, field: string, type: string): RunError {
  const fix = Object.hasOwn(IN_PLACE_OF, type) ? IN_PLACE_OF[type] : undefined;
  const message = `The field "${field}" of the signature's ${side} is ${type}, which no model here takes.`;
  return new RunError('SIGNATURE_UNSUPPORTED', message, { fix });
}
