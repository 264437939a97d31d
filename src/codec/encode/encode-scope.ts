import type { PreparedText } from '../../domain/encode-spec.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { FieldSchema, FieldType, RowSchema } from '../../domain/signature.js';
import type { DType, TensorData } from '../../domain/tensor.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';
import { MAX_PROBLEMS, report } from '../validate/issues.js';
import type { Issue } from '../validate/issues.js';
import { fieldOf } from '../rows.js';
import { isNullable, typeOf } from '../validate/schema-check.js';

/** Prepared texts of one row by name; a text whose field is missing is not there. */
export type PreparedRow = Readonly<Record<string, string>>;

/** The row being encoded, and where its issues are added. */
export class EncodeVisit {
  row: JsonObject = {};
  prepared: PreparedRow = {};
  index = 0;

  constructor(
    private readonly locOf: (index: number) => Location,
    private readonly issues: ValidationIssue[],
  ) {}

  /** @param path  field name, then indexes. */
  report(path: Location, issue: Issue): void {
    // Checked first: a large list of bad numbers must not build a location for each.
    if (this.issues.length < MAX_PROBLEMS) report(this.issues, [...this.locOf(this.index), ...path], issue);
  }
}

/** One input tensor, compiled: its row shape, and how a row is written into zeroed data from `offset` on. */
export interface TensorEncoder {
  /** The model's name of it; empty when the run leaves it to the model. */
  readonly tensor: string;
  readonly dtype: DType;
  /** Shape without the rows; `null` for a size that each row has of its own. */
  readonly rowShape: readonly (number | null)[];
  /** Of tensors whose rows have shapes of their own. */
  readonly varying?: VaryingShape;
  /** @param rowShape  of all rows that are written; at least as large as this one's. */
  writeRow(visit: EncodeVisit, data: TensorData, offset: number, rowShape: readonly number[]): void;
}

/** How the shape of a row is found, and what fills rows up to a common one. */
export interface VaryingShape {
  shapeOf(row: JsonObject, prepared: PreparedRow): readonly number[];
  /** Already of the tensor's element type; rows of different shapes are computed apart when left out. */
  readonly pad?: number | bigint;
}

/** One or several columns of a tensor, compiled. */
export interface CompiledColumn {
  readonly width: number;
  readonly write: (visit: EncodeVisit, data: TensorData, offset: number) => void;
}

/** Where a column takes its value from. */
export interface ValueSource {
  /** The input field, which problems name. */
  readonly field: string;
  readonly schema: FieldSchema;
  /** undefined when missing. */
  read(visit: EncodeVisit): JsonValue | undefined;
}

/**
 * Whether an encoding says what stands in for a missing value: it does, it could, or it has no word for that. A category
 * could, by a word of its own.
 */
export type MissingRule = 'given' | 'open' | 'one-hot' | 'index' | 'none';

/** The rule of an encoding that may say `missing`. */
export function missingRule(missing: unknown): MissingRule {
  return missing === undefined ? 'open' : 'given';
}

/** An error of the run: signature, encode and decode do not match. */
export function mismatch(pointer: string, message: string): RunError {
  return new RunError('SIGNATURE_MISMATCH', `${pointer}: ${message}.`);
}

/** The names a run's `encode` may use. */
export class EncodeScope {
  private readonly required: ReadonlySet<string>;

  constructor(
    private readonly input: RowSchema,
    private readonly prepared: ReadonlyMap<string, PreparedText>,
    /** Vocabularies by path. */
    readonly files: ReadonlyMap<string, readonly string[]>,
  ) {
    this.required = new Set(input.required);
  }

  /**
   * An input field of one of the types, or a prepared text where texts are taken.
   *
   * @throws RunError `SIGNATURE_MISMATCH` when there is none, its type is another, or it may be missing unprovided.
   */
  source(name: string, types: readonly FieldType[], missing: MissingRule, pointer: string): ValueSource {
    const text = types.includes('string') ? this.prepared.get(name) : undefined;
    const field = text?.field ?? name;
    const schema = this.field(field, pointer);
    if (!types.includes(typeOf(schema))) {
      throw mismatch(pointer, `takes ${types.join(' or ')}, but the field "${field}" is of type ${typeOf(schema)}`);
    }
    if (missing !== 'given' && this.mayBeMissing(field, schema)) {
      throw mismatch(pointer, `the field "${field}" may be missing; ${this.waysOut(field, schema, types, missing)}`);
    }
    const read = text
      ? (visit: EncodeVisit) => fieldOf(visit.prepared, name)
      : (visit: EncodeVisit) => fieldOf(visit.row, name) ?? undefined;
    return { field, schema, read };
  }

  /** The names with a field that is known to be there, because another one was not given. */
  withGiven(name: string): EncodeScope {
    return new EncodeScope(
      { ...this.input, required: [...(this.input.required ?? []), name] },
      this.prepared,
      this.files,
    );
  }

  /** Whether a validated row has exactly one of the fields. */
  hasExactlyOneOf(names: readonly string[]): boolean {
    const alternatives = this.input.oneOf?.map(({ required }) => required) ?? [];
    const selected = alternatives.flatMap((required) => (required.length === 1 ? required : []));
    return alternatives.length === names.length && names.every((name) => selected.includes(name));
  }

  /** @throws RunError `SIGNATURE_MISMATCH` when the signature has no such field. */
  field(name: string, pointer: string): FieldSchema {
    const schema = Object.hasOwn(this.input.properties, name) ? this.input.properties[name] : undefined;
    if (!schema) throw mismatch(pointer, `signature.input has no field "${name}"`);
    return schema;
  }

  /** Whether a validated row can lack the field: null counts as lacking, and a default never leaves it so. */
  private mayBeMissing(name: string, schema: FieldSchema): boolean {
    if (schema.default !== undefined && schema.default !== null) return false;
    return isNullable(schema) || !this.required.has(name);
  }

  /** What the owner can do about a field that may be missing. */
  private waysOut(name: string, schema: FieldSchema, types: readonly FieldType[], missing: MissingRule): string {
    const notNull = isNullable(schema) ? 'take "null" out of its type' : undefined;
    const required = this.required.has(name) ? undefined : 'make it required';
    const first = [required, notNull].filter((way) => way !== undefined).join(' and ');
    if (schema.format === 'image')
      return `${first}, or let rows give another field in its place ("oneOf" in the signature, "one-of" in encode)`;
    if (missing === 'none') return `${first}, or give it a default`;
    const ways = `${first}, give it a default, or say "missing"`;
    if (missing === 'one-hot') return `${ways}: one of "values", or "unknown"`;
    if (missing === 'index') return `${ways}: one of "values", "unknown", "nan" or -1`;
    // A text has no NaN: what stands for a missing one is the trainer's choice, and never guessed.
    if (schema.format !== undefined || !types.includes('string') || typeOf(schema) !== 'string') return ways;
    return `${ways}: the text that the model saw in its place when it was trained, such as "nan", "missing" or ""`;
  }
}
