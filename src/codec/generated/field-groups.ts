import type { FieldSchema } from '../../domain/signature.js';
import { writeField } from './field-code.js';
import type { TensorColumn } from './field-code.js';
import type { FunctionText } from './function-text.js';

/** A field of the row, and the columns that it fills. */
export interface RowField {
  readonly name: string;
  readonly schema: FieldSchema;
  readonly isRequired: boolean;
  readonly columns: readonly TensorColumn[];
}

/** Code that reads the value of a field from the row `r`. */
export interface FieldSource {
  /** Of one that is known when the code is written. */
  readonly one: (field: RowField) => string;
  /** Of the field `name`, which is the schema's field number `index`. */
  readonly any: string;
  /** Of the member `key` of a row that is an object; undefined where rows are lists. */
  readonly member?: string;
}

/** Fields whose code is written once. */
interface FieldGroup {
  /** What comes before the loop over rows. */
  readonly head: readonly string[];
  /** Adds what is done with each row. @returns false for fields that are not generated. */
  write(source: FieldSource): boolean;
}

/** Fewer fields that are alike get code of their own, each: it reads by constant names. */
const MIN_GROUP = 8;
/** Rows of more fields are hash tables to the engine, whose members take longer to visit than to look up. */
const MAX_VISITED = 100;

/**
 * Puts fields together that are alike but for their name and place. A model of 1,000 numbers would come to a function
 * that is too long for the engine to compile; it is a loop of ten lines.
 */
export function groupFields(fields: readonly RowField[], code: FunctionText): FieldGroup[] {
  const same = new Map<string, RowField[]>();
  for (const field of fields) {
    const key = keyOf(field);
    const known = same.get(key);
    if (known) known.push(field);
    else same.set(key, [field]);
  }
  const indexes = new Map(fields.map((field, i) => [field, i]));
  return [...same.values()].flatMap((group, i) =>
    group.length < MIN_GROUP ? group.map((field) => alone(field, code)) : [together(group, i, indexes, code)],
  );
}

function alone(field: RowField, code: FunctionText): FieldGroup {
  return { head: [], write: (source) => writeField(code, { ...field, read: source.one(field) }) };
}

function together(
  group: readonly RowField[],
  number: number,
  indexes: ReadonlyMap<RowField, number>,
  code: FunctionText,
): FieldGroup {
  const [first] = group as [RowField];
  const names = code.constant(group.map(({ name }) => name));
  const places = code.constant(Int32Array.from(group, (field) => indexes.get(field)!));
  const starts = first.columns.map((_, i) => code.constant(Int32Array.from(group, ({ columns }) => columns[i]!.at)));
  return {
    head: [
      `const names${number} = ${names}, places${number} = ${places};`,
      ...starts.map((start, i) => `const starts${number}_${i} = ${start};`),
    ],
    write({ any, member }) {
      const columns = first.columns.map((column, i) => {
        return { ...column, offset: `${column.offset} + starts${number}_${i}[f]`, at: 0 };
      });
      code.add('{ let f = 0;');
      if (member !== undefined && indexes.size <= MAX_VISITED) {
        // Members in the order of the fields are visited: a third of the time of looking up each by its name.
        code.add(`for (const key in r) { if (key !== names${number}[f]) continue;`);
        if (!writeField(code, { ...first, columns, read: member })) return false;
        code.add('f++; }');
      }
      code.add(`for (; f < ${group.length}; f++) {`, `const name = names${number}[f], index = places${number}[f];`);
      const isWritten = writeField(code, { ...first, columns, read: any });
      code.add('} }');
      return isWritten;
    },
  };
}

/** Keywords of a schema that are rules; the others do not change the code. */
const RULES: readonly string[] = [
  'type',
  'enum',
  'default',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'format',
  'items',
];

function keyOf({ schema, isRequired, columns }: RowField): string {
  const rules = Object.entries(schema).filter(([keyword]) => RULES.includes(keyword));
  const places = columns.map(({ column, dtype, data }) => [{ ...column, field: '' }, dtype, data]);
  return JSON.stringify([rules, isRequired, places], exactly);
}

/** Values that JSON does not have. */
function exactly(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : value;
}
