import type { TensorSpec, DType } from '../domain/tensor.js';

/** An input tensor as `encode` makes it. */
interface EncodedTensor {
  readonly tensor: string;
  readonly dtype: DType;
  /** Shape without the rows; `null` for a size that depends on them. */
  readonly rowShape: readonly (number | null)[];
}

/** What `decode` expects of an output tensor. */
export interface DecodedTensor {
  readonly tensor: string;
  /** Whether it is read as one row of numbers per row; anything goes otherwise. */
  readonly isTable: boolean;
  /** Dimensions of one row's value; undefined when that is open. Of a table: one. */
  readonly rank?: number | undefined;
  /** Columns it must have, or at least have; any when left out. */
  readonly width?: number;
  readonly leastWidth?: number;
  /** What a declared shape says against the way in which it is read; the end of a sentence. */
  readonly doubtOf?: (shape: readonly (number | null)[]) => string | undefined;
}

/** One sentence per difference between what `encode` makes and what the model takes. */
export function describeInputMismatch(made: readonly EncodedTensor[], inputs: readonly TensorSpec[]): string[] {
  const known = new Map(inputs.map((input) => [input.name, input]));
  const messages = made.flatMap((tensor) => {
    const input = known.get(tensor.tensor);
    return input ? compareTensor(tensor, input) : [unknownName('Encode makes', tensor.tensor, 'inputs', inputs)];
  });
  const names = new Set(made.map(({ tensor }) => tensor));
  for (const { name } of inputs) {
    if (!names.has(name)) messages.push(`The model needs the input "${name}", which encode does not make.`);
  }
  return messages;
}

/** One sentence per difference between what `decode` reads and what the model gives. */
export function describeOutputMismatch(read: readonly DecodedTensor[], outputs: readonly TensorSpec[]): string[] {
  const known = new Map(outputs.map((output) => [output.name, output]));
  return read.flatMap((tensor) => {
    const output = known.get(tensor.tensor);
    if (!output) return [unknownName('Decode reads', tensor.tensor, 'outputs', outputs)];
    return tensor.isTable ? compareTable(tensor, output) : doubtsOf(tensor, output);
  });
}

/**
 * Whether the first dimension of an output, as it is declared, holds the rows. A model that takes one row may have none:
 * its output has as many dimensions as the value of a row, or is the columns alone.
 */
export function hasRows(read: readonly DecodedTensor[], { name, shape }: TensorSpec): boolean {
  const own = read.filter(({ tensor }) => tensor === name);
  if (own.length === 0 || !shape || shape.length === 0) return false;
  return !own.some(({ isTable, rank, width }) =>
    isTable ? shape.length === 1 && width !== 1 && shape[0] === width : shape.length === rank,
  );
}

function compareTensor({ tensor, dtype, rowShape }: EncodedTensor, input: TensorSpec): string[] {
  const messages: string[] = [];
  if (input.dtype !== null && input.dtype !== dtype) {
    messages.push(`The input "${tensor}" is ${input.dtype} in the model and ${dtype} in encode.`);
  }
  if (input.shape !== null && !matchesShape(rowShape, input.shape)) {
    const made = shapeText([null, ...rowShape]);
    const way = hasNoRows(rowShape, input.shape) ? ` ${noRowsText(shapeText([null, ...input.shape]))}` : '';
    messages.push(
      `The input "${tensor}" has shape ${shapeText(input.shape)} in the model and ${made} in encode.${way}`,
    );
  }
  return messages;
}

/** Axis 0 holds the rows: a model with a fixed number there is fed as it can be. */
function matchesShape(rowShape: readonly (number | null)[], specs: readonly (number | null)[]): boolean {
  if (specs.length !== rowShape.length + 1) return false;
  return rowShape.every((size, axis) => specs[axis + 1] === null || specs[axis + 1] === size);
}

/** Whether a model takes the value of one row as it is, without a dimension for rows. */
function hasNoRows(rowShape: readonly (number | null)[], specs: readonly (number | null)[]): boolean {
  // Of a vector of rows, a number alone.
  if (rowShape.length === 0 || specs.length !== rowShape.length) return specs.length === 0;
  return rowShape.every((size, axis) => specs[axis] === null || specs[axis] === size);
}

function noRowsText(wanted: string): string {
  return `It has no dimension for rows: export the model with one, ${wanted}, or make a value that is the same in every row a constant of the graph.`;
}

function compareTable({ tensor, width, leastWidth = 1 }: DecodedTensor, output: TensorSpec): string[] {
  if (output.dtype === 'string') return [`The output "${tensor}" holds texts; decode needs numbers.`];
  if (output.shape === null) return [];
  const shape = shapeText(output.shape);
  // What squeeze() leaves of one row; many may have more.
  if (output.shape.length === 0) return [];
  if (output.shape.length > 2) {
    return [`The output "${tensor}" has shape ${shape}; decode needs [rows] or [rows, columns].`];
  }
  const columns = output.shape.length === 1 ? 1 : output.shape[1];
  if (columns === null || columns === undefined) return [];
  if (width !== undefined && columns !== width) {
    return [`The output "${tensor}" has shape ${shape}; decode needs ${width} columns.`];
  }
  return columns < leastWidth
    ? [`The output "${tensor}" has shape ${shape}; decode needs at least ${leastWidth} columns.`]
    : [];
}

function doubtsOf({ tensor, doubtOf }: DecodedTensor, { shape }: TensorSpec): string[] {
  const doubt = shape && doubtOf?.(shape);
  return doubt ? [`The output "${tensor}" has shape ${shapeText(shape)}: ${doubt}.`] : [];
}

function unknownName(owner: string, name: string, kind: string, specs: readonly TensorSpec[]): string {
  const known = specs.map((tensor) => `"${tensor.name}"`).join(', ') || 'none';
  return `${owner} the tensor "${name}", which the model does not have; its ${kind} are ${known}.`;
}

function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? '?').join(', ')}]`;
}
