import type {
  BooleanColumn,
  CategoryColumn,
  Column,
  ColumnsEncoding,
  DateColumn,
  NumberColumn,
  StringColumn,
} from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json.js';
import type { TensorData } from '../../domain/tensor.js';
import { datePart } from './date-parts.js';
import { mismatch } from './encode-scope.js';
import type { EncodeScope, EncodeVisit, TensorEncoder } from './encode-scope.js';
import { NOT_DATE, NOT_DATETIME, notMember } from '../validate/issues.js';
import { isOfType, memberKey } from '../validate/schema-check.js';
import { tensorElement } from './tensor-element.js';
import type { NumericDType, Scaling, TensorElement } from './tensor-element.js';

type Write = (visit: EncodeVisit, data: TensorData, offset: number) => void;

interface CompiledColumn {
  readonly width: number;
  readonly write: Write;
}

/** An index that stands for a one-hot vector without a one. */
const ZEROS = -1;

/**
 * Compiles columns side by side.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when a column does not fit its field or the tensor's dtype.
 */
export function compileColumns(encoding: ColumnsEncoding, scope: EncodeScope, pointer: string): TensorEncoder {
  const columns = encoding.columns.map((column, i) =>
    compileColumn(column, encoding.dtype, scope, `${pointer}/columns/${i}`),
  );
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  if (encoding.rank === 1 && (columns.length > 1 || width !== 1)) {
    throw mismatch(pointer, 'a tensor of rank 1 takes a single column one wide');
  }
  return {
    tensor: encoding.tensor,
    dtype: encoding.dtype,
    rowShape: encoding.rank === 1 ? [] : [width],
    writeRow(visit, data, offset) {
      let at = offset;
      for (const column of columns) {
        column.write(visit, data, at);
        at += column.width;
      }
    },
  };
}

function compileColumn(
  column: Column,
  dtype: ColumnsEncoding['dtype'],
  scope: EncodeScope,
  pointer: string,
): CompiledColumn {
  if (column.kind === 'string') {
    if (dtype !== 'string') throw mismatch(pointer, `texts need a tensor of dtype string, not ${dtype}`);
    return compileString(column, scope, pointer);
  }
  if (dtype === 'string') throw mismatch(pointer, `a tensor of dtype string takes string columns, not ${column.kind}`);
  switch (column.kind) {
    case 'number':
      return compileNumber(column, dtype, scope, pointer);
    case 'category':
      return compileCategory(column, dtype, scope, pointer);
    case 'boolean':
      return compileBoolean(column, dtype, scope, pointer);
    case 'date':
      return compileDate(column, dtype, scope, pointer);
  }
}

function compileString(column: StringColumn, scope: EncodeScope, pointer: string): CompiledColumn {
  const { missing } = column;
  const source = scope.source(column.field, ['string', 'integer'], missing !== undefined, pointer);
  return {
    width: 1,
    write(visit, data, offset) {
      const value = source.read(visit) as string | number | bigint | undefined;
      (data as string[])[offset] =
        typeof value === 'string' ? value : value === undefined ? (missing ?? '') : String(value);
    },
  };
}

function compileNumber(column: NumberColumn, dtype: NumericDType, scope: EncodeScope, pointer: string): CompiledColumn {
  const source = scope.source(column.field, ['integer', 'number'], column.missing !== undefined, pointer);
  const { element, missing } = compileElement(column, dtype, pointer);
  return {
    width: 1,
    write(visit, data, offset) {
      const value = (source.read(visit) as number | bigint | undefined) ?? missing;
      if (!element.write(data, offset, value)) visit.report([source.field], element.issueFor(value));
    },
  };
}

function compileBoolean(
  column: BooleanColumn,
  dtype: NumericDType,
  scope: EncodeScope,
  pointer: string,
): CompiledColumn {
  const source = scope.source(column.field, ['boolean'], column.missing !== undefined, pointer);
  const { element, missing } = compileElement({ missing: column.missing }, dtype, pointer);
  return {
    width: 1,
    write(visit, data, offset) {
      const value = source.read(visit);
      element.write(data, offset, value === undefined ? missing : Number(value));
    },
  };
}

function compileDate(column: DateColumn, dtype: NumericDType, scope: EncodeScope, pointer: string): CompiledColumn {
  const source = scope.source(column.field, ['string'], column.missing !== undefined, pointer);
  const { element, missing } = compileElement(column, dtype, pointer);
  const textIssue = source.schema.format === 'date-time' ? NOT_DATETIME : NOT_DATE;
  return {
    width: 1,
    write(visit, data, offset) {
      const text = source.read(visit) as string | undefined;
      const value = text === undefined ? missing : datePart(text, column.part);
      if (value === undefined) visit.report([source.field], textIssue);
      else if (!element.write(data, offset, value)) visit.report([source.field], element.issueFor(value));
    },
  };
}

function compileCategory(
  column: CategoryColumn,
  dtype: NumericDType,
  scope: EncodeScope,
  pointer: string,
): CompiledColumn {
  const types = ['string', 'integer', 'number', 'boolean'] as const;
  const source = scope.source(column.field, types, column.missing !== undefined, pointer);
  const indexes = indexesOf(column, pointer);
  if (column.values.some((value) => !isOfType(source.schema, value))) {
    throw mismatch(pointer, `values holds a value that the field "${source.field}" cannot have`);
  }
  const unknown = unknownIndexOf(column, pointer);
  const missing = missingIndexOf(column, indexes, unknown, pointer);
  const isOneHot = column.as === 'one-hot';
  const element = tensorElement(dtype);
  const maxIndex = isOneHot ? 1 : Math.max(column.values.length - 1, unknown ?? 0);
  if (!element.inRange(maxIndex)) throw mismatch(pointer, `the index ${maxIndex} does not fit ${dtype}`);
  const issue = notMember(column.values);
  return {
    width: isOneHot ? column.values.length : 1,
    write(visit, data, offset) {
      const value = source.read(visit);
      const index = value === undefined ? missing : (indexes.get(memberKey(value)) ?? unknown);
      if (index === undefined) visit.report([source.field], issue);
      else if (!isOneHot) element.write(data, offset, index);
      else if (index !== ZEROS) element.write(data, offset + index, 1);
    },
  };
}

function indexesOf({ values }: CategoryColumn, pointer: string): ReadonlyMap<JsonValue, number> {
  const indexes = new Map(values.map((value, i) => [memberKey(value), i]));
  if (indexes.size < values.length) throw mismatch(pointer, 'values names a value twice');
  return indexes;
}

/** undefined: the row is refused. */
function unknownIndexOf({ as, values, unknown }: CategoryColumn, pointer: string): number | undefined {
  if (unknown === 'error') return undefined;
  if (unknown === 'zeros') {
    if (as === 'one-hot') return ZEROS;
    throw mismatch(pointer, 'unknown "zeros" is for one-hot; an index needs a number or "error"');
  }
  if (!Number.isInteger(unknown) || unknown < 0 || (as === 'one-hot' && unknown >= values.length)) {
    throw mismatch(pointer, `unknown ${unknown} is not an index of this column`);
  }
  return unknown;
}

function missingIndexOf(
  { missing }: CategoryColumn,
  indexes: ReadonlyMap<JsonValue, number>,
  unknown: number | undefined,
  pointer: string,
): number | undefined {
  if (missing === undefined) return undefined;
  const index = indexes.get(memberKey(missing));
  if (index !== undefined) return index;
  if (missing !== 'unknown') throw mismatch(pointer, 'missing is neither one of values nor "unknown"');
  if (unknown === undefined) throw mismatch(pointer, 'missing "unknown" needs a rule other than "error" for unknown');
  return unknown;
}

/** The element with the number that stands in for a missing value; NaN when none is given, which is never written then. */
function compileElement(
  { missing, ...scaling }: Scaling & { readonly missing?: number | 'nan' },
  dtype: NumericDType,
  pointer: string,
): { element: TensorElement; missing: number } {
  if (scaling.divide === 0) throw mismatch(pointer, 'divide must not be 0');
  const element = tensorElement(dtype, scaling);
  const replacement = missing === undefined || missing === 'nan' ? NaN : missing;
  if (missing !== undefined && !element.inRange(replacement))
    throw mismatch(pointer, `missing ${missing} does not fit ${dtype}`);
  return { element, missing: replacement };
}
