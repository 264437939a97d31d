import type { DecodeContext } from '../../codec/decode/row-decoder.js';
import type { PreprocessedField } from '../../codec/encode/preprocessed-encoder.js';
import { report } from '../../codec/validate/issues.js';
import { setRows, sliceRows } from '../../domain/tensor-rows.js';
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
    const columns = this.columnsOf({ rows, prepared });
    const results = await this.run(columns, deadline);
    const issues: ValidationIssue[] = [];
    results.forEach((result, i) => {
      const { places } = columns[i]!;
      for (const { row, issue } of result.issues)
        report(issues, [...locOf(places[row]!), this.fields[i]!.field], issue);
    });
    if (issues.length > 0) throw new ValidationError(issues);
    if (!rowByRow || !this.padsToLongest || rows.length < 2) return [withResults(inputs, results, columns)];
    return Promise.all(
      rows.map(async (row, i) => {
        const alone = this.columnsOf({ rows: [row], prepared: [prepared[i]!] });
        return withResults(sliceRows(inputs, i, i + 1), await this.run(alone, deadline), alone);
      }),
    );
  }

  /** Whether any of the rows has a text or an image: nothing waits for the thread otherwise. */
  isNeededFor({ rows, prepared }: DecodeContext): boolean {
    return rows.some((row, i) => this.fields.some((field) => field.read(row, prepared[i]!) !== undefined));
  }

  private run(columns: readonly TextColumn[], deadline: Deadline): Promise<readonly PreprocessResult[]> {
    return this.opened.run(
      columns.map(({ texts }) => texts),
      deadline,
    );
  }

  private columnsOf({ rows, prepared }: DecodeContext): TextColumn[] {
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

/** A tensor that is there already gets the rows that the thread made; others come from the thread alone. */
function withResults(
  inputs: NamedTensors,
  results: readonly PreprocessResult[],
  columns: readonly TextColumn[],
): NamedTensors {
  const all = new Map(inputs);
  results.forEach(({ tensors }, i) => {
    for (const [name, made] of tensors) {
      const tensor = all.get(name);
      if (tensor) setRows(tensor, made, columns[i]!.places);
      else all.set(name, made);
    }
  });
  return all;
}
