import type { Column, DatePart } from '../../../domain/encode-spec.js';
import type { DType } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import { columnName } from './model-field.js';
import type { ModelField } from './model-field.js';
import { DATE_TAG, MISSING_TAG } from './tags.js';
import type { ColumnRules } from './tags.js';
import { dtypeWords, fieldWords } from './tensor-words.js';

const DATE_PARTS: readonly DatePart[] = ['epoch-days', 'epoch-seconds', 'year', 'month', 'day', 'weekday', 'hour'];

/** Where the contract that says more than a signature is written. */
const CONTRACT = 'bestrun/run.json (docs/mlflow.md, "A full contract")';

/** A column of a tensor, and its field as clients see it: required where the model cannot be told that it is missing. */
interface DerivedColumn {
  readonly field: ModelField;
  readonly column: Column;
}

/**
 * Derives how one value reaches a tensor of this element type.
 *
 * @throws RunError SIGNATURE_MISMATCH, in the words of the signature, when it cannot.
 */
export function deriveColumn(field: ModelField, dtype: DType, rules: ColumnRules): DerivedColumn {
  if (field.shape.length > 0) return listColumn(field, dtype);
  if (field.format === 'date-time') return dateColumn(field, dtype, rules);
  if (field.kind === 'string') {
    if (dtype !== 'string') throw notText(field, dtype);
    return textColumn(field, rules);
  }
  if (dtype !== 'string') return numberColumn(field, field.kind === 'boolean' ? 'boolean' : 'number', dtype, rules);
  // scikit-learn's pipelines turn whole numbers into texts before they are exported: 1 reaches the model as '1'.
  if (field.kind === 'integer') return textColumn(field, rules);
  throw new RunError('SIGNATURE_MISMATCH', `${types(field)} and texts in the model.`, {
    fix: `Log the signature of the data frame that the exported model takes: X.astype({"${columnName(field)}": str}).`,
  });
}

/** A missing text has no sign of its own: "" and "nan" are texts as good as any. */
function textColumn(field: ModelField, { missing }: ColumnRules): DerivedColumn {
  const given = ownValue(missing, field);
  const column = { kind: 'string', field: field.field } as const;
  if (field.isRequired) return { field, column };
  if (given !== undefined) return { field, column: { ...column, missing: given } };
  const tag = `${MISSING_TAG}${columnName(field)}`;
  return { field: required(field, `what reaches the model in its place is not known (tag ${tag})`), column };
}

function numberColumn(
  field: ModelField,
  kind: 'number' | 'boolean',
  dtype: DType,
  { missing }: ColumnRules,
): DerivedColumn {
  const column = { kind, field: field.field } as const;
  if (field.isRequired) return { field, column };
  const given = ownValue(missing, field);
  if (given !== undefined) return { field, column: { ...column, missing: missingNumber(field, dtype, given) } };
  if (dtype.startsWith('float')) return { field, column: { ...column, missing: 'nan' } };
  return { field: required(field, `the model takes ${dtypeWords(dtype)}, none of which means "missing"`), column };
}

function listColumn(field: ModelField, dtype: DType): DerivedColumn {
  if (dtype !== 'string' && (field.kind === 'number' || field.kind === 'integer')) {
    return { field, column: { kind: 'list', field: field.field, size: field.shape[0]! } };
  }
  throw new RunError('SIGNATURE_MISMATCH', `${types(field)} and ${dtypeWords(dtype)} in the model.`, {
    fix: 'Log numbers: code the texts before the model, or log one column for each.',
  });
}

function dateColumn(field: ModelField, dtype: DType, rules: ColumnRules): DerivedColumn {
  if (dtype === 'string') return textColumn(field, rules);
  const part = DATE_PARTS.find((one) => one === ownValue(rules.date, field));
  const tag = `${DATE_TAG}${columnName(field)}`;
  if (!part) {
    const message = `${types(field)} and ${dtypeWords(dtype)} in the model.`;
    const fix = `Say which number the model takes: mlflow.set_tag("${tag}", "epoch-seconds") (or ${DATE_PARTS.filter((one) => one !== 'epoch-seconds').join(', ')}).`;
    throw new RunError('SIGNATURE_MISMATCH', message, { fix });
  }
  const { column, field: shown } = numberColumn(field, 'number', dtype, rules);
  return { field: shown, column: { ...column, kind: 'date', part } as Column };
}

function missingNumber(field: ModelField, dtype: DType, text: string): number | 'nan' {
  const isFloat = dtype.startsWith('float');
  if (isFloat && text.toLowerCase() === 'nan') return 'nan';
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value) && (isFloat || Number.isInteger(value))) return value;
  const tag = `${MISSING_TAG}${columnName(field)}`;
  const message = `The tag ${tag} is ${JSON.stringify(text)}; the column is ${dtypeWords(dtype)} in the model.`;
  throw new RunError('SIGNATURE_MISMATCH', message, { fix: `Set the tag ${tag} to a number, or delete it.` });
}

/** Texts in the signature and numbers in the model: categories, as a rule. */
function notText(field: ModelField, dtype: DType): RunError {
  const fix =
    `If the model was trained on categories, log their order in ${CONTRACT}: ` +
    `{"kind": "category", "field": "${field.field}", "as": "index", "values": list(X["${columnName(field)}"].cat.categories), "unknown": "error"}. ` +
    'Otherwise export the whole pipeline, with the encoder of its texts.';
  return new RunError('SIGNATURE_MISMATCH', `${types(field)} and ${dtypeWords(dtype)} in the model.`, { fix });
}

function types(field: ModelField): string {
  return `The column "${field.field}" is ${fieldWords(field)} in the signature`;
}

function required(field: ModelField, reason: string): ModelField {
  return { ...field, isRequired: true, description: `Required, though the signature calls it optional: ${reason}.` };
}

function ownValue(values: Readonly<Record<string, string>>, field: ModelField): string | undefined {
  const name = columnName(field);
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
