import type { DecodeContext } from '../../codec/decode/row-decoder.js';
import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import { report } from '../../codec/validate/issues.js';
import { sliceRows } from '../../domain/tensor-rows.js';
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
   * @param locOf  where row `index` sits in the request.
   * @param rowByRow  whether the model computes each row alone: none is filled up to another's length then.
   * @returns the tensors of texts and images beside those given; one set for all rows, or one for each.
   * @throws ValidationError with every text or image that cannot be used.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST.
   */
  async addTo(
    inputs: NamedTensors,
    { rows, prepared }: DecodeContext,
    locOf: (index: number) => Location,
    deadline: Deadline,
    rowByRow: boolean,
  ): Promise<readonly NamedTensors[]> {
    const texts = this.fields.map(({ read }) => rows.map((row, i) => read(row, prepared[i]!)));
    const results = await this.opened.run(texts, deadline);
    const issues: ValidationIssue[] = [];
    results.forEach((result, i) => {
      for (const { row, issue } of result.issues) report(issues, [...locOf(row), this.fields[i]!.field], issue);
    });
    if (issues.length > 0) throw new ValidationError(issues);
    if (!rowByRow || !this.padsToLongest || rows.length < 2) return [withResults(inputs, results)];
    const alone = rows.map((_, i) =>
      this.opened.run(
        texts.map((column) => [column[i]!]),
        deadline,
      ),
    );
    return (await Promise.all(alone)).map((result, i) => withResults(sliceRows(inputs, i, i + 1), result));
  }

  release(): void {
    this.opened.release();
  }
}

function withResults(inputs: NamedTensors, results: readonly PreprocessResult[]): NamedTensors {
  return new Map([...inputs, ...results.flatMap(({ tensors }) => tensors)]);
}
