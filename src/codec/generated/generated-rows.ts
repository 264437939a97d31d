import type { EncodeSpec, TensorEncoding } from '../../domain/encode-spec.js';
import type { RowSchema } from '../../domain/signature.js';
import { allocate, sizeOf } from '../../domain/tensor.js';
import type { DType, NamedTensors, Tensor, TensorData } from '../../domain/tensor.js';
import type { TensorColumn } from './field-code.js';
import { groupFields } from './field-groups.js';
import type { FieldSource, RowField } from './field-groups.js';
import { FunctionText, memberAccess } from './function-text.js';

/** Checks rows and writes them into tensors, in one pass over what JSON gave. */
export interface GeneratedRows {
  /**
   * @param values  as a request body holds them; they are not changed.
   * @returns one tensor per encoding, rows on axis 0; undefined when any value is not plainly right: the general
   *   validator and encoder decide then, and they alone tell problems.
   */
  encode(values: readonly unknown[]): NamedTensors | undefined;
  /**
   * The same for rows that are lists of values.
   *
   * @param columns  the field of each value; those that the schema does not have are not looked at.
   */
  encodeLists(columns: readonly string[], data: readonly unknown[]): NamedTensors | undefined;
}

/** Writes rows into the data of tensors. @returns false when it gives up. */
type WriteObjects = (rows: readonly unknown[], tensors: readonly TensorData[]) => boolean;
/** @param places  of each field of the schema in a row; -1 for one that is not there. */
type WriteLists = (
  rows: readonly unknown[],
  tensors: readonly TensorData[],
  places: Int32Array,
  width: number,
) => boolean;

/** A tensor that is made, and where its columns come from. */
interface TensorPlan {
  readonly name: string;
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  readonly columns: readonly TensorColumn[];
}

/**
 * Generates the functions that read the rows of one contract, from its schema and `encode`.
 *
 * The general way checks a value by a list of closures, copies the row, and encodes the copy by further closures: three
 * times what parsing costs. Here the schema becomes the text of one function: for each field its type and bounds, then the
 * assignments to the tensors; fields that are alike share their code, in a loop. It knows plain values of the declared
 * types only. At anything else (a number sent as text, a missing value without a rule, a broken bound) it gives up, and the
 * general way starts from the beginning. So both give the same tensors, and no message is written twice.
 *
 * @param input  checked by `compileRowValidator`; `encode` by `compileRowEncoder`.
 * @returns undefined for what is not generated: prepared texts, tokens, images, patterns, formats, lists of lists, or where
 *   Node may not generate code.
 */
export function generateRows(input: RowSchema, encode: EncodeSpec): GeneratedRows | undefined {
  const plans = planTensors(encode);
  if (!plans || input.oneOf) return undefined;
  const isClosed = input.additionalProperties === false;
  const fields = fieldsOf(input, plans);
  const writeObjects = generateObjects(fields, plans, isClosed);
  if (!writeObjects) return undefined;
  // Most contracts never get a list.
  let writeLists: WriteLists | undefined;
  const names = new Map(fields.map(({ name }, i) => [name, i]));
  return {
    encode: (values) => encodeWith(plans, values, (tensors) => writeObjects(values, tensors)),
    encodeLists(columns, data) {
      const places = placesOf(columns, names, isClosed);
      if (!places) return undefined;
      const write = (writeLists ??= generateLists(fields, plans)!);
      return encodeWith(plans, data, (tensors) => write(data, tensors, places, columns.length));
    },
  };
}

function fieldsOf({ properties, required = [] }: RowSchema, plans: readonly TensorPlan[]): RowField[] {
  const columns = new Map<string, TensorColumn[]>();
  for (const column of plans.flatMap((plan) => plan.columns)) {
    const known = columns.get(column.field);
    if (known) known.push(column);
    else columns.set(column.field, [column]);
  }
  const isRequired = new Set(required);
  return Object.entries(properties).map(([name, schema]) => {
    return { name, schema, isRequired: isRequired.has(name), columns: columns.get(name) ?? [] };
  });
}

function generateObjects(
  fields: readonly RowField[],
  plans: readonly TensorPlan[],
  isClosed: boolean,
): WriteObjects | undefined {
  const code = new FunctionText();
  const isPlain = code.constant(isPlainObject);
  const guard = `if (typeof r !== 'object' || r === null || !${isPlain}(r)) return false;`;
  const end = isClosed ? ['let given = 0; for (const _ in r) given++;', 'if (given !== known) return false;'] : [];
  const source = { one: ({ name }: RowField) => memberAccess('r', name), any: 'r[name]', member: 'r[key]' };
  return writeRowLoop(code, fields, plans, source, { guard, end })
    ? code.compile<WriteObjects>(['rows', 'tensors'])
    : undefined;
}

function generateLists(fields: readonly RowField[], plans: readonly TensorPlan[]): WriteLists | undefined {
  const code = new FunctionText();
  const guard = 'if (!Array.isArray(r) || r.length !== width) return false;';
  const at = (place: string) => `(places[${place}] < 0 ? undefined : r[places[${place}]])`;
  const source = { one: (field: RowField) => at(String(fields.indexOf(field))), any: at('index') };
  return writeRowLoop(code, fields, plans, source, { guard, end: [] })
    ? code.compile<WriteLists>(['rows', 'tensors', 'places', 'width'])
    : undefined;
}

/** Adds the loop over rows. @returns false for what is not generated. */
function writeRowLoop(
  code: FunctionText,
  fields: readonly RowField[],
  plans: readonly TensorPlan[],
  source: FieldSource,
  { guard, end }: { readonly guard: string; readonly end: readonly string[] },
): boolean {
  const groups = groupFields(fields, code);
  code.add(
    ...plans.map((_, i) => `const d${i} = tensors[${i}]; let o${i} = 0;`),
    ...groups.flatMap(({ head }) => head),
  );
  code.add('for (let i = 0; i < rows.length; i++) {', 'const r = rows[i]; let known = 0;', guard);
  if (!groups.every((group) => group.write(source))) return false;
  code.add(...end, ...plans.map(({ rowShape }, i) => `o${i} += ${sizeOf(rowShape)};`), '}', 'return true;');
  return true;
}

/**
 * The place of each field in a row.
 *
 * @param isClosed  whether other columns are refused.
 * @returns undefined when a column is there twice, or is refused.
 */
function placesOf(
  columns: readonly string[],
  names: ReadonlyMap<string, number>,
  isClosed: boolean,
): Int32Array | undefined {
  const places = new Int32Array(names.size).fill(-1);
  for (let i = 0; i < columns.length; i++) {
    const index = names.get(columns[i]!);
    if (index === undefined ? isClosed : places[index] !== -1) return undefined;
    if (index !== undefined) places[index] = i;
  }
  return places;
}

function encodeWith(
  plans: readonly TensorPlan[],
  values: readonly unknown[],
  write: (tensors: readonly TensorData[]) => boolean,
): NamedTensors | undefined {
  const data = plans.map(({ dtype, rowShape }) => allocate(dtype, values.length * sizeOf(rowShape)));
  if (!write(data)) return undefined;
  const tensors = new Map<string, Tensor>();
  plans.forEach(({ name, dtype, rowShape }, i) => {
    tensors.set(name, { dtype, shape: [values.length, ...rowShape], data: data[i]! });
  });
  return tensors;
}

function planTensors({ prepare = [], tensors }: EncodeSpec): readonly TensorPlan[] | undefined {
  if (prepare.length > 0) return undefined;
  const plans = tensors.flatMap((encoding, i) => planTensor(encoding, `d${i}`, `o${i}`) ?? []);
  return plans.length === tensors.length ? plans : undefined;
}

function planTensor(encoding: TensorEncoding, data: string, offset: string): TensorPlan | undefined {
  const name = encoding.tensor ?? '';
  if (encoding.kind === 'array') return planArray(encoding, data, offset);
  if (encoding.kind !== 'columns') return undefined;
  const { dtype, rank } = encoding;
  const columns: TensorColumn[] = [];
  let width = 0;
  for (const column of encoding.columns) {
    columns.push({ field: column.field, column, dtype, data, offset, at: width });
    width += widthOf(column);
  }
  return { name, dtype, rowShape: rank === 1 ? [] : [width], columns };
}

function planArray(
  { tensor = '', dtype, field, shape, layout, subtract, divide }: Extract<TensorEncoding, { kind: 'array' }>,
  data: string,
  offset: string,
): TensorPlan | undefined {
  if (layout !== undefined || shape.includes(null)) return undefined;
  const rowShape = shape as readonly number[];
  const column = { kind: 'list', field, size: sizeOf(rowShape), subtract, divide } as const;
  return { name: tensor, dtype, rowShape, columns: [{ field, column, dtype, data, offset, at: 0 }] };
}

function widthOf(column: TensorColumn['column']): number {
  if (column.kind === 'list') return column.size;
  return column.kind === 'category' && column.as === 'one-hot' ? column.values.length : 1;
}

/** What JSON makes: its own members, and none that it inherits from a stranger. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
