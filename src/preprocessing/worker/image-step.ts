import type sharp from 'sharp';

import type { ImageEncoding } from '../../domain/encode-spec.js';
import { allocate } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import type { PreprocessResult, PreprocessStep } from '../preprocess-messages.js';
import { cropMiddle, resample } from './image-resample.js';
import type { Pixels } from './image-resample.js';
import { ImageError, readImage } from './read-image.js';
import type { RunStep } from './run-step.js';

/**
 * Opens an image encoding. Images are decoded one after the other: a request of many takes no more memory than of one.
 *
 * @throws RunError ENGINE_UNAVAILABLE where there is no decoder for this system.
 */
export async function openImage(encoding: ImageEncoding, { pointer }: PreprocessStep): Promise<RunStep> {
  const open = await loadDecoder(pointer);
  const { tensor = '', dtype, width, height, channels, layout = 'chw' } = encoding;
  const size = width * height * channels;
  const rowShape = layout === 'chw' ? [channels, height, width] : [height, width, channels];
  const values = valuesOf(encoding);
  return async (texts, requireWanted) => {
    const data = allocate(dtype, texts.length * size) as Float32Array;
    const issues: PreprocessResult['issues'][number][] = [];
    for (const [row, text] of texts.entries()) {
      requireWanted?.();
      try {
        const pixels = toRunSize(await readImage(open, text, encoding), encoding);
        write(pixels, values, layout, data.subarray(row * size, (row + 1) * size));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        issues.push({ row, issue: error.issue });
      }
    }
    return { tensors: [[tensor, { dtype, shape: [texts.length, ...rowShape], data }]], issues };
  };
}

async function loadDecoder(pointer: string): Promise<typeof sharp> {
  try {
    const { default: open } = await import('sharp');
    open.concurrency(1);
    open.cache(false);
    return open;
  } catch (error) {
    const message = `${pointer}: images need the package sharp, which does not load on this system.`;
    throw new RunError('ENGINE_UNAVAILABLE', message, { cause: error });
  }
}

/** What each of the 256 values of a pixel becomes, by channel. */
function valuesOf({
  dtype,
  channels,
  scale = dtype === 'uint8' ? 1 : 1 / 255,
  mean = 0,
  std = 1,
}: ImageEncoding): Float64Array[] {
  const at = (value: number | readonly number[], channel: number) =>
    typeof value === 'number' ? value : value[channel]!;
  return Array.from({ length: channels }, (_, channel) =>
    Float64Array.from({ length: 256 }, (_value, pixel) => (pixel * scale - at(mean, channel)) / at(std, channel)),
  );
}

function toRunSize(pixels: Pixels, { width, height, resize }: ImageEncoding): Pixels {
  if (!resize) return pixels;
  const { filter, fit: way = 'stretch', shorter_side: side = Math.max(width, height) } = resize;
  if (way === 'stretch') return resample(pixels, width, height, filter);
  const [wide, high] = shorterSideTo(pixels, side);
  return cropMiddle(resample(pixels, wide, high, filter), width, height);
}

/** The size with the same proportions, the longer side cut to a whole number as torchvision does. */
function shorterSideTo({ width, height }: Pixels, side: number): [number, number] {
  return width <= height ? [side, Math.trunc((side * height) / width)] : [Math.trunc((side * width) / height), side];
}

function write(
  { width, height, channels, data }: Pixels,
  values: readonly Float64Array[],
  layout: 'chw' | 'hwc',
  into: Float32Array,
): void {
  const count = width * height;
  for (let channel = 0; channel < channels; channel++) {
    const table = values[channel]!;
    const [start, step] = layout === 'chw' ? [channel * count, 1] : [channel, channels];
    for (let i = 0, at = channel; i < count; i++, at += channels) into[start + i * step] = table[data[at]!]!;
  }
}
