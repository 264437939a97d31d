import type { CategoryColumn } from '../../domain/encode-spec.js';
import type { JsonValue } from '../../lib/json/json.js';
import { mismatch } from './encode-scope.js';
import type { CompiledColumn, EncodeScope } from './encode-scope.js';
import { notMember } from '../validate/issues.js';
import { isOfType, memberKey } from '../validate/schema-check.js';
import { tensorElement } from './tensor-element.js';
import type { NumericDType, TensorElement } from './tensor-element.js';

/** An index that stands for a one-hot vector without a one. */
const ZEROS = -1;

/** Gradient boosting's index of no category. */
const NO_CATEGORY = -1;

/**
 * Compiles a category as one-hot columns or as an index.
 *
 * @throws RunError `SIGNATURE_MISMATCH` when its values, or the rules for other ones, do not fit field or dtype.
 */
export function compileCategory(
  column: CategoryColumn,
  dtype: NumericDType,
  scope: EncodeScope,
  pointer: string,
): CompiledColumn {
  const types = ['string', 'integer', 'number', 'boolean'] as const;
  const source = scope.source(
    column.field,
    types,
    column.missing === undefined ? (column.as ?? 'one-hot') : 'given',
    pointer,
  );
  const indexes = indexesOf(column, pointer);
  if (column.values.some((value) => !isOfType(source.schema, value))) {
    throw mismatch(pointer, `values holds a value that the field "${source.field}" cannot have`);
  }
  const unknown = unknownIndexOf(column, pointer);
  const missing = missingIndexOf(column, indexes, unknown, pointer);
  const isOneHot = column.as === 'one-hot';
  const element = tensorElement(dtype);
  const written = isOneHot ? [1] : [column.values.length - 1, unknown ?? 0, missing ?? 0];
  requireRange(written, element, dtype, pointer);
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
    throw mismatch(pointer, 'unknown "zeros" is for one-hot; an index needs a number, "nan" or "error"');
  }
  if (as === 'index' && unknown === 'nan') return NaN;
  const least = as === 'index' ? NO_CATEGORY : 0;
  if (!Number.isInteger(unknown) || Number(unknown) < least || (as === 'one-hot' && Number(unknown) >= values.length)) {
    throw mismatch(pointer, `unknown ${unknown} is not an index of this column`);
  }
  return Number(unknown);
}

function missingIndexOf(
  { as, missing }: CategoryColumn,
  indexes: ReadonlyMap<JsonValue, number>,
  unknown: number | undefined,
  pointer: string,
): number | undefined {
  if (missing === undefined) return undefined;
  const index = indexes.get(memberKey(missing));
  if (index !== undefined) return index;
  if (as === 'index' && missing === 'nan') return NaN;
  if (as === 'index' && missing === NO_CATEGORY) return NO_CATEGORY;
  if (missing !== 'unknown') {
    const others = as === 'index' ? ', "unknown", "nan" or -1' : ' or "unknown"';
    throw mismatch(pointer, `missing must be one of values${others}`);
  }
  if (unknown === undefined) throw mismatch(pointer, 'missing "unknown" needs a rule other than "error" for unknown');
  return unknown;
}

function requireRange(written: readonly number[], element: TensorElement, dtype: NumericDType, pointer: string): void {
  for (const index of written) {
    if (!element.inRange(index)) throw mismatch(pointer, `the index ${index} does not fit ${dtype}`);
  }
}
