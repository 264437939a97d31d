import type {
  BooleanColumn,
  Column,
  ColumnsEncoding,
  DateColumn,
  ListColumn,
  NumberColumn,
  StringColumn,
} from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import { listSizesOf } from './array-layout.js';
import { compileCategory } from './category-column.js';
import { datePart } from './date-parts.js';
import { mismatch, missingRule } from './encode-scope.js';
import type { CompiledColumn, EncodeScope, TensorEncoder } from './encode-scope.js';
import { NestedNumbers } from './nested-numbers.js';
import { HAS_NUL, NOT_DATE, NOT_DATETIME } from '../validate/issues.js';
import { tensorElement } from './tensor-element.js';
import type { NumericDType, Scaling, TensorElement } from './tensor-element.js';

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
    tensor: encoding.tensor ?? '',
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
    case 'list':
      return compileList(column, dtype, scope, pointer);
  }
}

function compileString(column: StringColumn, scope: EncodeScope, pointer: string): CompiledColumn {
  const { missing } = column;
  const source = scope.source(column.field, ['string', 'integer'], missingRule(missing), pointer);
  return {
    width: 1,
    write(visit, data, offset) {
      // A source without "missing" always has a value: no text is made up here.
      const value = (source.read(visit) as string | number | bigint | undefined) ?? missing!;
      const text = typeof value === 'string' ? value : String(value);
      // ONNX Runtime for Node.js takes the text up to there, the one for Python all of it.
      if (text.includes('\0')) visit.report([source.field], HAS_NUL);
      (data as string[])[offset] = text;
    },
  };
}

function compileNumber(column: NumberColumn, dtype: NumericDType, scope: EncodeScope, pointer: string): CompiledColumn {
  const source = scope.source(column.field, ['integer', 'number'], missingRule(column.missing), pointer);
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
  const source = scope.source(column.field, ['boolean'], missingRule(column.missing), pointer);
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
  const source = scope.source(column.field, ['string'], missingRule(column.missing), pointer);
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

function compileList(column: ListColumn, dtype: NumericDType, scope: EncodeScope, pointer: string): CompiledColumn {
  const { field, size } = column;
  const source = scope.source(field, ['array'], missingRule(column.missing), pointer);
  const [length, deeper] = listSizesOf(source.schema, pointer, column.missing !== undefined);
  if (deeper !== undefined || source.schema.items!.type === 'array') {
    throw mismatch(pointer, `the field "${field}" is a list of lists; a list column takes one list`);
  }
  if (length !== undefined && length !== size)
    throw mismatch(pointer, `size is ${size}, the field's lists are ${length} long`);
  const { element, missing } = compileElement(column, dtype, pointer);
  const numbers = new NestedNumbers(element, [size], undefined, missing);
  return {
    width: size,
    write(visit, data, offset) {
      const value = source.read(visit) as JsonValue[] | undefined;
      if (value !== undefined) return numbers.write(visit, field, value, data, offset);
      for (let i = 0; i < size; i++) element.write(data, offset + i, missing);
    },
  };
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
