import type { DType } from '../../../domain/tensor.js';
import type { Run } from '../../../domain/run.js';
import type { FieldSchema } from '../../../domain/signature.js';

/** How a client's number becomes the one that the model gets: `(value - subtract) / divide`. */
interface FieldScaling {
  readonly subtract: number;
  readonly divide: number;
  readonly dtype: DType;
}

/**
 * The numbers of a field that can be asked about: `start` and whole steps from it. Where its tensor holds whole numbers,
 * those that become whole numbers there.
 */
export interface NumberGrid {
  readonly start: number;
  /** Distance of neighbours; undefined when they are not whole, or not evenly spaced. */
  readonly step: number | undefined;
  /** The client's number that becomes 0 in the tensor. */
  readonly zero: number;
  /** What 1 in the tensor is for the client; negative where its larger numbers are the smaller ones there. */
  readonly divide: number;
  /** The least and the largest number that the tensor holds, for the client; infinite where it holds all. */
  readonly least: number;
  readonly largest: number;
}

const RAW: FieldScaling = { subtract: 0, divide: 1, dtype: 'float32' };

const WHOLE_RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
};

/** @param schema  of the number: of a list, that of its items. */
export function gridOf({ encode }: Pick<Run, 'encode'>, field: string, schema: FieldSchema): NumberGrid {
  const { subtract, divide, dtype } = scalingOf(encode, field);
  const multipleOf = Number(schema.multipleOf ?? 0);
  const range = WHOLE_RANGES[dtype];
  const hasStep = range !== undefined && (subtract !== 0 || divide !== 1);
  const start = hasStep ? subtract : 0;
  const step = hasStep ? commonStep(subtract, Math.abs(divide), multipleOf) : multipleOf || 1;
  const isWhole = Number.isInteger(start) && Number.isInteger(step);
  const [least, largest] = range ? range.map((end) => end * divide + subtract).sort((a, b) => a - b) : [];
  return {
    start,
    step: isWhole ? step : undefined,
    zero: subtract,
    divide,
    least: least ?? -Infinity,
    largest: largest ?? Infinity,
  };
}

/** The first tensor that takes the field's numbers decides. */
function scalingOf(encode: Run['encode'], field: string): FieldScaling {
  for (const encoding of encode.tensors) {
    const { kind } = encoding;
    if (kind === 'array' && encoding.field === field) return scaled(encoding, encoding.dtype);
    if (kind === 'one-of') {
      const own = encoding.of.find((one) => one.kind === 'array' && one.field === field);
      if (own?.kind === 'array') return scaled(own, own.dtype);
    }
    if (kind !== 'columns') continue;
    const column = encoding.columns.find(
      (one) => (one.kind === 'number' || one.kind === 'list') && one.field === field,
    );
    if (column?.kind === 'number' || column?.kind === 'list') return scaled(column, encoding.dtype);
  }
  return RAW;
}

function scaled({ subtract = 0, divide = 1 }: Partial<FieldScaling>, dtype: DType): FieldScaling {
  return { subtract, divide, dtype };
}

/** The smallest step from `start` that keeps to both; undefined where that is none of them. */
function commonStep(start: number, step: number, multipleOf: number): number | undefined {
  if (multipleOf === 0) return step;
  if (start % multipleOf !== 0) return undefined;
  if (step % multipleOf === 0) return step;
  return multipleOf % step === 0 ? multipleOf : undefined;
}
