import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import type { EncodedRows } from '../../codec/encode/row-encoder.js';
import { AppError } from '../../domain/app-error.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { ValidationError } from '../../domain/validation-issue.js';
import type { PreprocessResult } from '../../preprocessing/preprocess-messages.js';
import type { Deadline, OpenedPreprocessing } from '../../preprocessing/preprocessor.js';
import type { EncodedRequest } from './decode-parts.js';
import { addPreprocessed } from './preprocessed-parts.js';
import { inOrder } from './row-issues.js';

/** Rows as far as their texts are read. */
type TextRows = Pick<EncodedRequest, 'rows' | 'prepared'>;

/** Makes the tensors of a run's texts and images, in threads of their own. */
export class RowPreprocessing {
  /** Fields with texts that may be filled up, of which no two of different lengths have shared a call yet. */
  private readonly unfilled: Set<PreprocessedField>;

  constructor(
    private readonly fields: readonly PreprocessedField[],
    private readonly opened: OpenedPreprocessing,
  ) {
    this.unfilled = new Set(fields.filter(({ tensors }) => tensors.some(({ rowShape }) => rowShape.includes(null))));
  }

  /** Whether texts of different lengths have shared a call in every field that may be filled up. */
  get hasFilledAll(): boolean {
    return this.unfilled.size === 0;
  }

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
    const results = await this.run(columns, deadline);
    const issues = this.issuesOf(results, columns, locOf);
    if (issues.length > 0) throw new ValidationError(inOrder(issues));
    const placed = results.map((result, i) => ({ ...result, places: columns[i]!.places }));
    if (canPad && this.unfilled.size > 0) this.noteFilled(results);
    return addPreprocessed(request.encoded, placed, canPad);
  }

  /**
   * What is wrong with texts and images of rows that are refused already.
   *
   * @param request  rows with the texts that can be looked at.
   * @returns nothing where there is no time to look.
   */
  async findIssues(
    request: TextRows,
    locOf: (index: number) => Location,
    deadline: Deadline,
  ): Promise<ValidationIssue[]> {
    if (!this.isNeededFor(request)) return [];
    const columns = this.columnsOf(request);
    try {
      return this.issuesOf(await this.run(columns, deadline), columns, locOf);
    } catch (error) {
      if (error instanceof AppError) return [];
      throw error;
    }
  }

  private noteFilled(results: readonly PreprocessResult[]): void {
    results.forEach(({ filled }, i) => {
      if (filled && new Set(filled.lengths).size > 1) this.unfilled.delete(this.fields[i]!);
    });
  }

  private run(columns: readonly TextColumn[], deadline: Deadline): Promise<readonly PreprocessResult[]> {
    return this.opened.run(
      columns.map(({ texts }) => texts),
      deadline,
    );
  }

  private issuesOf(
    results: readonly PreprocessResult[],
    columns: readonly TextColumn[],
    locOf: (index: number) => Location,
  ): ValidationIssue[] {
    return results.flatMap((result, i) =>
      result.issues.map(({ row, issue }) => ({
        loc: [...locOf(columns[i]!.places[row]!), this.fields[i]!.field],
        ...issue,
      })),
    );
  }

  /** Whether any of the rows has a text or an image: nothing waits for the thread otherwise. */
  isNeededFor({ rows, prepared }: TextRows): boolean {
    return rows.some((row, i) => this.fields.some((field) => field.read(row, prepared[i]!) !== undefined));
  }

  private columnsOf({ rows, prepared }: TextRows): TextColumn[] {
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
