import type { CategoryColumn, Column, ListColumn } from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { DType } from '../../domain/tensor.js';
import { isMultiple } from '../validate/field-rules.js';
import { isNullable, memberKey, typeOf } from '../validate/schema-check.js';
import { literal } from './function-text.js';
import type { FunctionText } from './function-text.js';

/** A column of a tensor and where the code writes it. */
export interface TensorColumn {
  readonly field: string;
  readonly column: Column;
  readonly dtype: DType;
  /** Names of the tensor's data and of the place where the present row begins. */
  readonly data: string;
  readonly offset: string;
  /** First place within the row. */
  readonly at: number;
}

/** A field of the row and the columns that it fills. */
interface FieldPlan {
  /** Code that reads its value. */
  readonly read: string;
  readonly schema: FieldSchema;
  readonly isRequired: boolean;
  readonly columns: readonly TensorColumn[];
}

const GIVE_UP = 'return false;';
/** What the dtypes can hold decides what is read back after a number was written. */
const FLOAT_TYPES: readonly DType[] = ['float32', 'float64'];
const BIG_NUMBERS: readonly DType[] = ['int64', 'uint64'];

/**
 * Adds the code of one field: it checks the value and writes it into every column.
 *
 * @returns false for a field that is not generated.
 */
export function writeField(code: FunctionText, plan: FieldPlan): boolean {
  const { schema, columns, read } = plan;
  const check = valueCheck(code, schema);
  if (!check) return false;
  code.add('{', `let v = ${read};`, 'if (v !== undefined) known++;');
  const fallback = schema.default ?? undefined;
  const isOptional = !plan.isRequired || isNullable(schema);
  if (isOptional && fallback !== undefined)
    code.add(`if (${lacks(plan)}) v = ${typeof fallback === 'object' ? code.constant(fallback) : literal(fallback)};`);
  const mayBeMissing = isOptional && fallback === undefined;
  if (mayBeMissing) code.add(`if (${lacks(plan)}) {`, ...columns.flatMap((column) => writeMissing(column)), '} else {');
  code.add(...check, ...columns.flatMap((column) => writeValue(code, column)));
  code.add(mayBeMissing ? '}}' : '}');
  return true;
}

/** When the value is missing; a missing value that is not allowed fails the check of the type. */
function lacks({ isRequired, schema }: FieldPlan): string {
  return [...(isRequired ? [] : ['v === undefined']), ...(isNullable(schema) ? ['v === null'] : [])].join(' || ');
}

/** Code that gives up unless `v` is plainly of the field's type and keeps its rules; undefined when it is not generated. */
function valueCheck(code: FunctionText, schema: FieldSchema): string[] | undefined {
  switch (typeOf(schema)) {
    case 'number':
      return [`if (typeof v !== 'number' || v - v !== 0) ${GIVE_UP}`, ...numberRules(code, schema, 'v')];
    case 'integer':
      return [`if (!Number.isSafeInteger(v)) ${GIVE_UP}`, 'v += 0;', ...numberRules(code, schema, 'v')];
    case 'boolean':
      return [`if (typeof v !== 'boolean') ${GIVE_UP}`, ...enumRule(code, schema, 'v')];
    case 'string':
      return stringCheck(code, schema);
    case 'array':
      return listCheck(code, schema);
  }
}

function stringCheck(code: FunctionText, schema: FieldSchema): string[] | undefined {
  const { minLength = 0, maxLength, pattern, format } = schema;
  if (pattern !== undefined || format !== undefined) return undefined;
  const lines = [`if (typeof v !== 'string') ${GIVE_UP}`, ...enumRule(code, schema, 'v')];
  // A code point has two units at most: other lengths have to be counted.
  if (minLength > 0) lines.push(`if (v.length < ${minLength > 1 ? 2 * minLength : 1}) ${GIVE_UP}`);
  if (maxLength !== undefined) lines.push(`if (v.length > ${maxLength}) ${GIVE_UP}`);
  return lines;
}

function listCheck(code: FunctionText, schema: FieldSchema): string[] | undefined {
  const { items, minItems, maxItems } = schema;
  if (!items || (typeOf(items) !== 'number' && typeOf(items) !== 'integer') || isNullable(items)) return undefined;
  const isNumber = typeOf(items) === 'number' ? `typeof n !== 'number' || n - n !== 0` : '!Number.isSafeInteger(n)';
  const lines = [`if (!Array.isArray(v)) ${GIVE_UP}`];
  if (minItems !== undefined) lines.push(`if (v.length < ${minItems}) ${GIVE_UP}`);
  if (maxItems !== undefined) lines.push(`if (v.length > ${maxItems}) ${GIVE_UP}`);
  lines.push('for (let j = 0; j < v.length; j++) {', `const n = v[j]; if (${isNumber}) ${GIVE_UP}`);
  return [...lines, ...numberRules(code, items, 'n'), '}'];
}

function numberRules(code: FunctionText, schema: FieldSchema, value: string): string[] {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  const lines = enumRule(code, schema, value);
  if (exclusiveMinimum !== undefined) lines.push(`if (!(${value} > ${bound(exclusiveMinimum)})) ${GIVE_UP}`);
  if (minimum !== undefined) lines.push(`if (!(${value} >= ${bound(minimum)})) ${GIVE_UP}`);
  if (exclusiveMaximum !== undefined) lines.push(`if (!(${value} < ${bound(exclusiveMaximum)})) ${GIVE_UP}`);
  if (maximum !== undefined) lines.push(`if (!(${value} <= ${bound(maximum)})) ${GIVE_UP}`);
  if (multipleOf !== undefined)
    lines.push(`if (!${code.constant(isMultiple)}(${value}, ${literal(multipleOf)})) ${GIVE_UP}`);
  return lines;
}

function enumRule(code: FunctionText, schema: FieldSchema, value: string): string[] {
  if (!schema.enum) return [];
  return [`if (!${code.constant(new Set(schema.enum.map(memberKey)))}.has(${value})) ${GIVE_UP}`];
}

// --- writing -----------------------------------------------------------------------------------------------------

function writeValue(code: FunctionText, place: TensorColumn): string[] {
  const { column, dtype, data } = place;
  const at = placeOf(place);
  switch (column.kind) {
    case 'number':
      return writeNumber(scaled('v', column), dtype, data, at);
    case 'boolean':
      return writeNumber('(v ? 1 : 0)', dtype, data, at);
    case 'string':
      return [
        `${data}[${at}] = typeof v === 'string' ? v : String(v);`,
        // The engine would take the text up to there.
        `if (${data}[${at}].includes('\\0')) ${GIVE_UP}`,
      ];
    case 'category':
      return writeCategory(code, place, column);
    case 'list':
      return writeList(place, column);
    // The parts of a date need its format, of which no check is generated.
    case 'date':
      return [GIVE_UP];
  }
}

function writeMissing(place: TensorColumn): string[] {
  const { column, dtype, data } = place;
  const at = placeOf(place);
  switch (column.kind) {
    case 'number':
      return writeNumber(scaled(numberLiteral(column.missing), column), dtype, data, at);
    case 'boolean':
      return writeNumber(numberLiteral(column.missing), dtype, data, at);
    case 'string':
      return column.missing === undefined ? [GIVE_UP] : [`${data}[${at}] = ${literal(column.missing)};`];
    case 'category':
      return writeIndex(place, column, missingIndex(column));
    case 'list':
    case 'date':
      return [GIVE_UP];
  }
}

function writeList({ dtype, data, offset, at }: TensorColumn, column: ListColumn): string[] {
  const write = writeNumber(scaled('v[j]', column), dtype, data, `${offset} + ${at} + j`);
  return [`if (v.length !== ${column.size}) ${GIVE_UP}`, `for (let j = 0; j < ${column.size}; j++) {`, ...write, '}'];
}

function writeCategory(code: FunctionText, place: TensorColumn, column: CategoryColumn): string[] {
  const found = `const c = ${code.constant(placesOf(column))}.get(v);`;
  return ['{', found, 'if (c === undefined) {', ...writeIndex(place, column, unknownIndex(column)), '} else {'].concat(
    writeIndex(place, column, 'c'),
    '}}',
  );
}

/** Indexes by value. A value beyond 2^53 is there as the number that a row has, too: it is no key of its own as a bigint only. */
function placesOf({ values }: CategoryColumn): Map<unknown, number> {
  const places = new Map<unknown, number>();
  values.forEach((value: JsonValue, i) => {
    const key = memberKey(value);
    places.set(key, i);
    if (typeof key === 'bigint' && BigInt(Number(key)) === key) places.set(Number(key), i);
  });
  return places;
}

/** @param index  code of an index, `NaN`, or undefined for a row that is refused; `zeros` leaves all columns as they are. */
function writeIndex(place: TensorColumn, { as }: CategoryColumn, index: string | undefined): string[] {
  const { dtype, data, offset, at } = place;
  if (index === undefined) return [GIVE_UP];
  if (as === 'index') return writeNumber(index, dtype, data, placeOf(place));
  return index === 'zeros' ? [] : writeNumber('1', dtype, data, `${offset} + ${at} + ${index}`);
}

function unknownIndex({ unknown }: CategoryColumn): string | undefined {
  if (unknown === 'error') return undefined;
  return unknown === 'nan' ? 'NaN' : typeof unknown === 'number' ? literal(unknown) : unknown;
}

function missingIndex(column: CategoryColumn): string | undefined {
  const { missing, values, as } = column;
  if (missing === undefined) return undefined;
  const index = values.findIndex((value) => memberKey(value as JsonValue) === memberKey(missing));
  if (index >= 0) return String(index);
  if (as === 'index' && missing === 'nan') return 'NaN';
  return as === 'index' && missing === -1 ? '-1' : unknownIndex(column);
}

/** Writes a number and gives up when the dtype cannot hold it, which is seen by reading it back. */
function writeNumber(value: string, dtype: DType, data: string, at: string): string[] {
  if (BIG_NUMBERS.includes(dtype)) {
    const isHeld = dtype === 'uint64' ? 'Number.isSafeInteger(x) && x >= 0' : 'Number.isSafeInteger(x)';
    return ['{', `const x = ${value}; if (!(${isHeld})) ${GIVE_UP}`, `${data}[${at}] = BigInt(x);`, '}'];
  }
  const isHeld = FLOAT_TYPES.includes(dtype)
    ? 'y !== Infinity && y !== -Infinity'
    : dtype === 'bool'
      ? 'y === x && x <= 1'
      : 'y === x';
  const lines = [`const x = ${value}; const p = ${at};`, `${data}[p] = x; const y = ${data}[p];`];
  return ['{', ...lines, `if (!(${isHeld})) ${GIVE_UP}`, '}'];
}

function placeOf({ offset, at }: TensorColumn): string {
  return at === 0 ? offset : `${offset} + ${at}`;
}

function scaled(value: string, { subtract = 0, divide = 1 }: { subtract?: number; divide?: number }): string {
  return subtract === 0 && divide === 1 ? value : `((${value} - ${literal(subtract)}) / ${literal(divide)})`;
}

/** A missing number without a rule is never there: `compileRowEncoder` has refused such a run. */
function numberLiteral(missing: number | 'nan' | undefined): string {
  return typeof missing === 'number' ? literal(missing) : 'NaN';
}

/** Bounds of run.json may have more digits than a number. */
function bound(value: number | bigint): string {
  return literal(value);
}
