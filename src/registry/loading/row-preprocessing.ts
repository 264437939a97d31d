import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { report } from '../../codec/validate/issues.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { Deadline, OpenedPreprocessing } from '../../preprocessing/preprocessor.js';
import type { EncodedRequest } from './decode-parts.js';
import { addPreprocessed } from './preprocessed-parts.js';

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
    request: EncodedRequest,
    locOf: (index: number) => Location,
    deadline: Deadline,
    canPad: boolean,
  ): Promise<EncodedRows> {
    const columns = this.columnsOf(request);
    const results = await this.opened.run(
      columns.map(({ texts }) => texts),
      deadline,
    );
    const issues: ValidationIssue[] = [];
    results.forEach((result, i) => {
      const { places } = columns[i]!;
      for (const { row, issue } of result.issues)
        report(issues, [...locOf(places[row]!), this.fields[i]!.field], issue);
    });
    if (issues.length > 0) throw new ValidationError(issues);
    const placed = results.map((result, i) => ({ ...result, places: columns[i]!.places }));
    return addPreprocessed(request.encoded, placed, canPad);
  }

  /** Whether any of the rows has a text or an image: nothing waits for the thread otherwise. */
  isNeededFor({ rows, prepared }: EncodedRequest): boolean {
    return rows.some((row, i) => this.fields.some((field) => field.read(row, prepared[i]!) !== undefined));
  }

  private columnsOf({ rows, prepared }: EncodedRequest): TextColumn[] {
    return this.fields.map((field) => {
      const texts: string[] = [];
      const places: number[] = [];
      rows.forEach((row, i) => {
        const text = field.read(row, prepared[i]!);
        if (text === undefined) return;
        texts.push(text);
        places.push(i);
      });
      return { texts, places };
    });
  }

  release(): void {
    this.opened.release();
  }
}

/** The texts of one field, and the rows they are of. */
interface TextColumn {
  readonly texts: readonly string[];
  readonly places: readonly number[];
}
