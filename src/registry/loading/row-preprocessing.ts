import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { report } from '../../codec/validate/issues.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { OpenedPreprocessing } from '../../preprocessing/preprocessor.js';
import type { EncodedRequest } from './decode-parts.js';
import { addPreprocessed } from './preprocessed-parts.js';

/** Until when the tensors are wanted. */
interface Deadline {
  readonly remainingMs: number;
  /** What the caller allowed altogether. */
  readonly timeoutMs: number;
}

/** Makes the tensors of a run's texts and images, in a thread of its own. */
export class RowPreprocessing {
  constructor(
    private readonly fields: readonly PreprocessedField[],
    private readonly opened: OpenedPreprocessing,
  ) {}

  /**
   * @param locOf  where row `index` sits in the request.
   * @param canPad  whether rows may be filled up to the length of another.
   * @returns the tensors of texts and images beside those given; rows of different lengths in parts where they cannot be
   *   filled up.
   * @throws ValidationError with every text or image that cannot be used.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST.
   */
  async addTo(
    { rows, prepared, encoded }: EncodedRequest,
    locOf: (index: number) => Location,
    deadline: Deadline,
    canPad: boolean,
  ): Promise<EncodedRows> {
    const texts = this.fields.map((field) => rows.map((row, i) => field.read(row, prepared[i]!)));
    const results = await this.opened.run(texts, deadline);
    const issues: ValidationIssue[] = [];
    results.forEach((result, i) => {
      for (const { row, issue } of result.issues) report(issues, [...locOf(row), this.fields[i]!.field], issue);
    });
    if (issues.length > 0) throw new ValidationError(issues);
    return addPreprocessed(encoded, results, canPad);
  }

  release(): void {
    this.opened.release();
  }
}
