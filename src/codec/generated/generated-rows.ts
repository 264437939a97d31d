import type { EncodeSpec, TensorEncoding } from '../../domain/encode-spec.js';
import type { RowSchema } from '../../domain/signature.js';
import { allocate, sizeOf } from '../../domain/tensor.js';
import type { DType, NamedTensors, Tensor, TensorData } from '../../domain/tensor.js';
import { writeField } from './field-code.js';
import type { TensorColumn } from './field-code.js';
import { FunctionText, memberAccess } from './function-text.js';

/** Checks rows and writes them into tensors, in one pass over what JSON gave. */
export interface GeneratedRows {
  /**
   * @param values  as a request body holds them; they are not changed.
   * @returns one tensor per encoding, rows on axis 0; undefined when any value is not plainly right: the general
   *   validator and encoder decide then, and they alone tell problems.
   */
  encode(values: readonly unknown[]): NamedTensors | undefined;
}

type Write = (rows: readonly unknown[], tensors: readonly TensorData[]) => boolean;

/** A tensor that is made, and where its columns come from. */
interface TensorPlan {
  readonly name: string;
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  readonly columns: readonly TensorColumn[];
}

/**
 * Generates the function that reads the rows of one contract, from its schema and `encode`.
 *
 * The general way checks a value by a list of closures, copies the row, and encodes the copy by further closures: three
 * times what parsing costs. Here the schema becomes the text of one function: for each field its type and bounds, then the
 * assignments to the tensors. It knows plain values of the declared types only. At anything else (a number sent as text, a
 * missing value without a rule, a broken bound) it gives up, and the general way starts from the beginning. So both give
 * the same tensors, and no message is written twice.
 *
 * @param input  checked by `compileRowValidator`; `encode` by `compileRowEncoder`.
 * @returns undefined for what is not generated: prepared texts, tokens, images, patterns, formats, lists of lists, or where
 *   Node may not generate code.
 */
export function generateRows(input: RowSchema, encode: EncodeSpec): GeneratedRows | undefined {
  const plans = planTensors(encode);
  if (!plans || input.oneOf) return undefined;
  const code = new FunctionText();
  code.add(...plans.map((_, i) => `const d${i} = tensors[${i}]; let o${i} = 0;`));
  code.add('for (let i = 0; i < rows.length; i++) {', 'const r = rows[i]; let known = 0;');
  code.add(`if (typeof r !== 'object' || r === null || !${code.constant(isPlainObject)}(r)) return false;`);
  for (const [name, schema] of Object.entries(input.properties)) {
    const columns = plans.flatMap(({ columns: all }) => all.filter(({ field }) => field === name));
    const isRequired = input.required?.includes(name) ?? false;
    if (!writeField(code, { read: memberAccess('r', name), schema, isRequired, columns })) return undefined;
  }
  if (input.additionalProperties === false)
    code.add('let given = 0; for (const _ in r) given++;', 'if (given !== known) return false;');
  code.add(...plans.map(({ rowShape }, i) => `o${i} += ${sizeOf(rowShape)};`), '}', 'return true;');
  const write = code.compile<Write>(['rows', 'tensors']);
  return write && { encode: (values) => encodeWith(write, plans, values) };
}

function encodeWith(write: Write, plans: readonly TensorPlan[], values: readonly unknown[]): NamedTensors | undefined {
  const data = plans.map(({ dtype, rowShape }) => allocate(dtype, values.length * sizeOf(rowShape)));
  if (!write(values, data)) return undefined;
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
