import type { DecodeContext } from '../../codec/decode/row-decoder.js';
import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import { report } from '../../codec/validate/issues.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { PreprocessResult } from '../../preprocessing/preprocess-messages.js';
import type { OpenedPreprocessing } from '../../preprocessing/preprocessor.js';

/** Until when the tensors are wanted. */
interface Deadline {
  readonly remainingMs: number;
  /** What the caller allowed altogether. */
  readonly timeoutMs: number;
}

/** Makes the tensors of a run's texts and images, in a thread of its own. */
export class RowPreprocessing {
  /** Whether rows are filled up to the longest of their request. */
  readonly padsToLongest: boolean;

  constructor(
    private readonly fields: readonly PreprocessedField[],
    private readonly opened: OpenedPreprocessing,
  ) {
    this.padsToLongest = fields.some(({ encoding }) => encoding.kind === 'tokenizer' && encoding.padding === 'longest');
  }

  /**
   * @param encoded  the tensors of all other fields, in parts of rows of one shape.
   * @param locOf  where row `index` sits in the request.
   * @param rowByRow  whether the model computes each row alone: none is filled up to another's length then.
   * @returns the same with the tensors of texts and images.
   * @throws ValidationError with every text or image that cannot be used.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST.
   */
  async addTo(
    encoded: EncodedRows,
    { rows, prepared }: DecodeContext,
    locOf: (index: number) => Location,
    deadline: Deadline,
    rowByRow: boolean,
  ): Promise<EncodedRows> {
    const order = encoded.order ?? rows.map((_, i) => i);
    const texts = this.fields.map((field) => order.map((index) => field.read(rows[index]!, prepared[index]!)));
    const results = await this.opened.run(texts, deadline);
    const issues: ValidationIssue[] = [];
    results.forEach((result, i) => {
      for (const { row, issue } of result.issues) report(issues, [...locOf(order[row]!), this.fields[i]!.field], issue);
    });
    if (issues.length > 0) throw new ValidationError(issues);
    const parts = rowByRow && this.padsToLongest ? encoded.parts.flatMap(singleRows) : encoded.parts;
    return { ...encoded, parts: await this.withTexts(parts, texts, results, deadline) };
  }

  /** Rows of one part are filled up to the longest of them alone. */
  private withTexts(
    parts: readonly TensorPart[],
    texts: readonly (readonly string[])[],
    results: readonly PreprocessResult[],
    deadline: Deadline,
  ): Promise<TensorPart[]> {
    let end = 0;
    const added = parts.map(async (part) => {
      const [start, stop] = [end, (end += part.rows)];
      if (parts.length === 1) return withResults(part, tensorsOf(results));
      if (!this.padsToLongest) return withResults(part, sliceRows(tensorsOf(results), start, stop));
      const own = texts.map((column) => column.slice(start, stop));
      return withResults(part, tensorsOf(await this.opened.run(own, deadline)));
    });
    return Promise.all(added);
  }

  release(): void {
    this.opened.release();
  }
}

function singleRows({ rows, tensors }: TensorPart): TensorPart[] {
  return Array.from({ length: rows }, (_, row) => ({ rows: 1, tensors: sliceRows(tensors, row, row + 1) }));
}

function tensorsOf(results: readonly PreprocessResult[]): NamedTensors {
  return new Map(results.flatMap(({ tensors }) => tensors));
}

function withResults({ rows, tensors }: TensorPart, results: NamedTensors): TensorPart {
  return { rows, tensors: new Map([...tensors, ...results]) };
}
