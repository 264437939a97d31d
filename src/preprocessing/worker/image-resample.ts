import type { ImageResize } from '../../domain/encode-spec.js';

/** Pixels of one or three bytes, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Weights are whole numbers of 1 / 2^22, as PIL has them: sums of 8-bit pixels fit 32 bits. */
const PRECISION_BITS = 22;

/** How far a filter reaches, in pixels of the result when it shrinks; and its weight at a distance. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const FILTERS: Readonly<Record<Exclude<ImageResize['filter'], 'nearest'>, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/**
 * Resizes pixels as PIL's `Image.resize` does, to the last bit: first each row, then each column, filters widened when
 * the image shrinks. (Pillow 13 takes columns first for some sizes, which rounds otherwise: docs/run-format.md.)
 */
export function resample(pixels: Pixels, width: number, height: number, filter: ImageResize['filter']): Pixels {
  if (width === pixels.width && height === pixels.height) return pixels;
  if (filter === 'nearest') return nearest(pixels, width, height);
  const kernel = FILTERS[filter];
  const wide = width === pixels.width ? pixels : resampleRows(pixels, width, kernel);
  return height === wide.height ? wide : resampleColumns(wide, height, kernel);
}

/** The middle of an image, rounded as torchvision's CenterCrop does. */
export function cropMiddle(pixels: Pixels, width: number, height: number): Pixels {
  const { channels } = pixels;
  const [left, top] = [roundHalf((pixels.width - width) / 2), roundHalf((pixels.height - height) / 2)];
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * pixels.width + left) * channels;
    data.set(pixels.data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/** Python's `round`: a half goes to the even neighbour. */
function roundHalf(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** What each pixel of one axis of the result is made of. */
interface Weights {
  /** First pixel, and how many, by pixel of the result. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** `stride` of them by pixel of the result. */
  readonly weights: Int32Array;
  readonly stride: number;
}

function weightsOf(from: number, to: number, { support, weight }: Filter): Weights {
  const scale = from / to;
  const widened = Math.max(scale, 1);
  const reach = support * widened;
  const stride = Math.ceil(reach) * 2 + 1;
  const [starts, counts] = [new Int32Array(to), new Int32Array(to)];
  const weights = new Int32Array(to * stride);
  for (let at = 0; at < to; at++) {
    const center = (at + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const count = Math.min(from, Math.trunc(center + reach + 0.5)) - start;
    const exact = Array.from({ length: count }, (_, i) => weight((i + start - center + 0.5) * (1 / widened)));
    const sum = exact.reduce((total, value) => total + value, 0);
    exact.forEach((value, i) => (weights[at * stride + i] = toFixed(sum === 0 ? value : value / sum)));
    starts[at] = start;
    counts[at] = count;
  }
  return { starts, counts, weights, stride };
}

function toFixed(value: number): number {
  return Math.trunc(value * 2 ** PRECISION_BITS + (value < 0 ? -0.5 : 0.5));
}

function resampleRows({ width: from, height, channels, data }: Pixels, width: number, filter: Filter): Pixels {
  const { starts, counts, weights, stride } = weightsOf(from, width, filter);
  const result = new Uint8ClampedArray(width * height * channels);
  let out = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [first, count, base] = [(y * from + starts[x]!) * channels, counts[x]!, x * stride];
      for (let channel = 0; channel < channels; channel++) {
        let sum = 1 << (PRECISION_BITS - 1);
        for (let i = 0, at = first + channel; i < count; i++, at += channels) sum += data[at]! * weights[base + i]!;
        result[out++] = sum >> PRECISION_BITS;
      }
    }
  }
  return { width, height, channels, data: new Uint8Array(result.buffer) };
}

function resampleColumns({ width, height: from, channels, data }: Pixels, height: number, filter: Filter): Pixels {
  const { starts, counts, weights, stride } = weightsOf(from, height, filter);
  const line = width * channels;
  const result = new Uint8ClampedArray(line * height);
  for (let y = 0; y < height; y++) {
    const [first, count, base] = [starts[y]! * line, counts[y]!, y * stride];
    for (let x = 0; x < line; x++) {
      let sum = 1 << (PRECISION_BITS - 1);
      for (let i = 0, at = first + x; i < count; i++, at += line) sum += data[at]! * weights[base + i]!;
      result[y * line + x] = sum >> PRECISION_BITS;
    }
  }
  return { width, height, channels, data: new Uint8Array(result.buffer) };
}

function nearest(pixels: Pixels, width: number, height: number): Pixels {
  const { channels, data } = pixels;
  const result = new Uint8Array(width * height * channels);
  const [columns, rows] = [nearestTo(pixels.width, width), nearestTo(pixels.height, height)];
  let out = 0;
  for (const row of rows) {
    for (const column of columns) {
      const at = (row * pixels.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) result[out++] = data[at + channel]!;
    }
  }
  return { width, height, channels, data: result };
}

/** Steps are added up as PIL does it, whose rounding decides where a pixel lies between two others. */
function nearestTo(from: number, to: number): Int32Array {
  const places = new Int32Array(to);
  const step = from / to;
  for (let i = 0, place = step * 0.5; i < to; i++, place += step) places[i] = Math.min(from - 1, Math.trunc(place));
  return places;
}
