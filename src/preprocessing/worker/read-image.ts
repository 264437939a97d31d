import type sharp from 'sharp';

import type { ImageEncoding } from '../../domain/encode-spec.js';
import { IMAGE_URL_HEAD } from '../../domain/input/image-text.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import type { Pixels } from './image-resample.js';

/** Pixels of an image unless its run says otherwise: 4096 × 4096. */
const MAX_PIXELS = 2 ** 24;
/** Longest side of an image: each line of a PNG takes time of its own, however short it is. */
const MAX_SIDE = 16_384;
/** Longest time to decode one image: one of MAX_PIXELS takes a second. */
const MAX_DECODE_SECONDS = 15;

/** What is wrong with an image, for its sender. */
export class ImageError extends Error {
  constructor(readonly issue: Omit<ValidationIssue, 'loc'>) {
    super(issue.msg);
  }
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const URL_HEAD = new RegExp(`^${IMAGE_URL_HEAD}`, 'i');
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** `base64` and Python's `encodebytes` break lines. */
const NEW_LINES = /[\r\n]+/g;

type Size = Pick<Pixels, 'width' | 'height'>;
type Transparency = Required<ImageEncoding>['transparency'];

/**
 * Decodes a PNG or JPEG image in base64, turned upright as its EXIF orientation says and on white where it is transparent
 * unless the run ignores these.
 *
 * The header is read first: no image is decoded that has more pixels than the run takes, or another size than it needs.
 *
 * @throws ImageError when it is none, is broken, is too large, or has another size where the run does not resize.
 */
export async function readImage(open: typeof sharp, text: string, encoding: ImageEncoding): Promise<Pixels> {
  const bytes = bytesOf(text);
  const limit = encoding.max_pixels ?? MAX_PIXELS;
  // Opening a small image costs as much as decoding it: the size of a PNG is read here.
  const upright = pngSize(bytes);
  const isTurned = encoding.orientation !== 'ignore';
  if (upright) (isTurned ? requireTurnable : requireSize)(requireSmall(upright, limit), encoding);
  else await requireSupported(open, bytes, encoding, limit);
  const stored = open(bytes, { limitInputPixels: limit, failOn: 'error', ignoreIcc: true });
  const image = (isTurned ? stored.autoOrient() : stored)
    .timeout({ seconds: MAX_DECODE_SECONDS })
    .raw({ depth: 'uchar' });
  const { data, info } = await orBroken(image.toBuffer({ resolveWithObject: true }));
  requireSize(info, encoding);
  const pixels = { width: info.width, height: info.height, channels: info.channels, data };
  const { channels, transparency = 'white' } = encoding;
  return channels === 1 ? toGrey(pixels, transparency) : toColor(pixels, transparency);
}

/** Refuses by what the decoder says of the header. */
async function requireSupported(
  open: typeof sharp,
  bytes: Buffer,
  encoding: ImageEncoding,
  limit: number,
): Promise<void> {
  const { width, height, space, orientation } = await orBroken(
    open(bytes, { limitInputPixels: false, ignoreIcc: true }).metadata(),
  );
  requireSmall({ width, height }, limit);
  const isTurned = encoding.orientation !== 'ignore' && orientation !== undefined && orientation > 4;
  requireSize(isTurned ? { width: height, height: width } : { width, height }, encoding);
  if (space === 'cmyk')
    throw new ImageError({ msg: 'the image is in CMYK colours; send it in RGB', type: BROKEN_TYPE });
}

/** @returns undefined when it is no PNG, or has no header that says a size. */
function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 24 || bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

const BROKEN_TYPE = 'value_error.image';

function bytesOf(text: string): Buffer {
  const base64 = text.replace(URL_HEAD, '').replace(NEW_LINES, '');
  if (!BASE64.test(base64)) throw new ImageError({ msg: 'value is not valid base64', type: 'value_error.base64' });
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.subarray(0, PNG.length).equals(PNG) || bytes.subarray(0, JPEG.length).equals(JPEG)) return bytes;
  throw new ImageError({ msg: 'value is not a PNG or JPEG image in base64', type: BROKEN_TYPE });
}

/** The library's own words are about its internals: they are left out. */
async function orBroken<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const isTooSlow = error instanceof Error && /timeout/i.test(error.message);
    const msg = isTooSlow ? 'the image takes too long to decode' : 'the image is broken or incomplete';
    throw new ImageError({ msg, type: BROKEN_TYPE });
  }
}

/** @throws ImageError for more pixels than the run takes, or a side that is too long. */
function requireSmall(size: Size, limit: number): Size {
  const { width, height } = size;
  if (width * height > limit) throw tooManyPixels(size, limit);
  if (Math.max(width, height) > MAX_SIDE) throw tooLong(size);
  return size;
}

function tooManyPixels({ width, height }: Size, limit: number): ImageError {
  return new ImageError({
    msg: `ensure this image has at most ${limit} pixels; it has ${BigInt(width) * BigInt(height)} (${width} × ${height})`,
    type: 'value_error.image.max_pixels',
    ctx: { limit_value: limit, actual_value: width * height },
  });
}

function tooLong({ width, height }: Size): ImageError {
  return new ImageError({
    msg: `ensure that no side of this image has more than ${MAX_SIDE} pixels; it is ${width} × ${height}`,
    type: 'value_error.image.max_side',
    ctx: { limit_value: MAX_SIDE },
  });
}

/** @throws ImageError for another size than the run's, unless it resizes. */
function requireSize(given: Size, encoding: ImageEncoding): void {
  const { width, height, resize } = encoding;
  if (resize || isOfSize(given, encoding)) return;
  throw new ImageError({
    msg: `ensure this image is ${width} × ${height} pixels; it is ${given.width} × ${given.height}`,
    type: 'value_error.image.size',
    ctx: { width, height },
  });
}

/** A PNG may say behind its header that it is to be turned. */
function requireTurnable(given: Size, encoding: ImageEncoding): void {
  if (!isOfSize({ width: given.height, height: given.width }, encoding)) requireSize(given, encoding);
}

function isOfSize(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Red, green and blue; one or two bytes a pixel are grey, the last of two or four is opacity. */
function toColor({ width, height, channels, data }: Pixels, transparency: Transparency): Pixels {
  if (channels === 3) return { width, height, channels, data };
  const hasAlpha = channels % 2 === 0 && transparency === 'white';
  const colours = channels > 2 ? 3 : 1;
  const result = new Uint8Array(width * height * 3);
  for (let at = 0, out = 0; out < result.length; at += channels) {
    const alpha = hasAlpha ? data[at + channels - 1]! : 255;
    for (let i = 0; i < 3; i++) result[out++] = onBackground(data[at + (colours === 3 ? i : 0)]!, alpha);
  }
  return { width, height, channels: 3, data: result };
}

/** Grey as PIL's `convert("L")` has it: ITU-R 601-2 in whole numbers of 1 / 65536. */
function toGrey(pixels: Pixels, transparency: Transparency): Pixels {
  const { width, height, channels } = pixels;
  if (channels === 1) return pixels;
  const { data } = toColor(pixels, transparency);
  const result = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < result.length; i++, at += 3) {
    result[i] = (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: result };
}

function onBackground(value: number, alpha: number): number {
  return alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
}
