import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

import type { ImageEncoding } from '../../domain/encode-spec.js';
import { openImage } from './image-step.js';

/** What Python's PIL made of images: test/fixtures/images/make-images.py. */
const { images, cases } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', '..', 'test', 'fixtures', 'images', 'cases.json'), 'utf8'),
) as {
  images: Record<string, string>;
  cases: (Pick<ImageEncoding, 'width' | 'height' | 'channels' | 'resize' | 'orientation' | 'transparency'> & {
    image: string;
    pixels: string;
  })[];
};

const SMALL: ImageEncoding = {
  kind: 'image',
  dtype: 'uint8',
  field: 'x',
  width: 23,
  height: 17,
  channels: 3,
  layout: 'hwc',
};

async function pixelsOf(encoding: ImageEncoding, ...texts: string[]) {
  const run = await openImage(encoding, { encoding, pointer: '/encode/tensors/0' });
  const { tensors, issues } = await run(texts);
  const [, tensor] = tensors[0]!;
  return { tensor, data: tensor.data as Uint8Array, issues: issues.map(({ row, issue }) => ({ row, ...issue })) };
}

/** Largest difference of two lists of pixels, and the share of pixels that differ. */
function difference(one: Uint8Array, other: Uint8Array): { most: number; share: number } {
  expect(one).toHaveLength(other.length);
  let [most, differing] = [0, 0];
  one.forEach((value, i) => {
    const difference = Math.abs(value - other[i]!);
    most = Math.max(most, difference);
    if (difference > 0) differing++;
  });
  return { most, share: differing / one.length };
}

describe('an image', () => {
  it.each(
    cases.map(
      (one) =>
        [
          `${one.image} to ${one.width} × ${one.height} × ${one.channels} ${JSON.stringify(one.resize ?? one.orientation ?? '')}`,
          one,
        ] as const,
    ),
  )("has the pixels of Python's PIL: %s", async (_, { image, pixels, ...size }) => {
    const { data, issues } = await pixelsOf({ ...SMALL, ...size }, images[image]!);

    expect(issues).toEqual([]);
    expect(difference(data, Buffer.from(pixels, 'base64'))).toEqual({ most: 0, share: 0 });
  });

  it('is scaled by channel, in the layout that the model takes', async () => {
    const raw = await pixelsOf(SMALL, images['colour.png']!);
    const encoding: ImageEncoding = {
      ...SMALL,
      dtype: 'float32',
      layout: 'chw',
      mean: [0.5, 0.25, 0],
      std: [2, 1, 0.5],
    };
    const { tensor } = await pixelsOf(encoding, images['colour.png']!);

    expect(tensor.shape).toEqual([1, 3, 17, 23]);
    const at = (channel: number, i: number) => tensor.data[channel * 17 * 23 + i];
    for (const i of [0, 5, 17 * 23 - 1]) {
      expect(at(0, i)).toBeCloseTo((raw.data[i * 3]! / 255 - 0.5) / 2, 6);
      expect(at(1, i)).toBeCloseTo(raw.data[i * 3 + 1]! / 255 - 0.25, 6);
      expect(at(2, i)).toBeCloseTo(raw.data[i * 3 + 2]! / 255 / 0.5, 6);
    }
  });

  it('may come as a data URL, several to a request', async () => {
    const png = images['colour.png']!;
    const { tensor, data } = await pixelsOf(SMALL, png, `data:image/png;base64,${png}`);

    expect(tensor.shape).toEqual([2, 17, 23, 3]);
    expect(data.slice(0, data.length / 2)).toEqual(data.slice(data.length / 2));
  });

  it.each(['data:image/png;charset=utf-8;base64,', 'data:image/png;name="a,b;c.png";base64,', 'DATA:;base64,'])(
    'may have any parameters in its data URL: %s',
    async (head) => {
      const { issues } = await pixelsOf(SMALL, head + images['colour.png']!);

      expect(issues).toEqual([]);
    },
  );

  it('with an absurd size in its header is refused with that size and the limit', async () => {
    const resized: ImageEncoding = { ...SMALL, resize: { filter: 'bilinear' } };
    const { issues } = await pixelsOf(resized, pngOf(0xffffffff, 0x80000000, Buffer.alloc(0)));

    expect(issues).toMatchObject([
      {
        msg: 'ensure this image has at most 16777216 pixels; it has 9223372034707292160 (4294967295 × 2147483648)',
        type: 'value_error.image.max_pixels',
      },
    ]);
  });

  it('stops between two images when nobody waits for them any more', async () => {
    const run = await openImage(SMALL, { encoding: SMALL, pointer: '/encode/tensors/0' });
    let asked = 0;
    const requireWanted = () => {
      asked += 1;
      if (asked === 2) throw new Error('gone');
    };

    await expect(run([images['colour.png']!, images['colour.png']!, 'x'], requireWanted)).rejects.toThrow('gone');
    expect(asked).toBe(2);
  });

  it('of another size is refused with both sizes, unless the run says how to resize', async () => {
    const { issues } = await pixelsOf({ ...SMALL, width: 24 }, images['colour.png']!);

    expect(issues).toEqual([
      {
        row: 0,
        msg: 'ensure this image is 24 × 17 pixels; it is 23 × 17',
        type: 'value_error.image.size',
        ctx: { width: 24, height: 17 },
      },
    ]);
  });

  it('of too many pixels is refused by its header, before any of them is made', async () => {
    const bomb = pngOf(30_000, 30_000, Buffer.alloc(64));
    const { issues } = await pixelsOf({ ...SMALL, resize: { filter: 'bilinear' } }, bomb, images['colour.png']!);

    expect(issues).toEqual([
      {
        row: 0,
        msg: 'ensure this image has at most 16777216 pixels; it has 900000000 (30000 × 30000)',
        type: 'value_error.image.max_pixels',
        ctx: { limit_value: 16777216, actual_value: 900000000 },
      },
    ]);
    const tight = await pixelsOf({ ...SMALL, max_pixels: 390 }, images['colour.png']!);
    expect(tight.issues).toMatchObject([{ ctx: { limit_value: 390, actual_value: 391 } }]);
  });

  it('of a very long side or another size is refused by its header, too', async () => {
    const nothing = Buffer.alloc(0);
    const long = await pixelsOf({ ...SMALL, resize: { filter: 'bilinear' } }, pngOf(1, 4_000_000, nothing));
    const other = await pixelsOf(SMALL, pngOf(5, 5, nothing));

    expect(long.issues).toEqual([
      {
        row: 0,
        msg: 'ensure that no side of this image has more than 16384 pixels; it is 1 × 4000000',
        type: 'value_error.image.max_side',
        ctx: { limit_value: 16384 },
      },
    ]);
    expect(other.issues).toMatchObject([{ type: 'value_error.image.size', ctx: { width: 23, height: 17 } }]);
  });

  it('may have line breaks in its base64', async () => {
    const png = images['colour.png']!;
    const { data, issues } = await pixelsOf(SMALL, png, png.replace(/.{76}/g, '$&\r\n'));

    expect(issues).toEqual([]);
    expect(data.slice(0, data.length / 2)).toEqual(data.slice(data.length / 2));
  });

  it('that is broken is refused, whatever is wrong with it', async () => {
    const png = Buffer.from(images['colour.png']!, 'base64');
    const jpeg = Buffer.from(images['colour.jpg']!, 'base64');
    const damaged = Buffer.from(png);
    damaged.fill(0xff, 60, 90);
    const texts: Record<string, string> = {
      'not base64': '!!!',
      empty: '',
      'of another format': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64'),
      GIF: Buffer.from('GIF89a').toString('base64'),
      'a cut PNG': png.subarray(0, 200).toString('base64'),
      'a cut JPEG': jpeg.subarray(0, jpeg.length - 300).toString('base64'),
      'a header only': png.subarray(0, 8).toString('base64'),
      'damaged inside': damaged.toString('base64'),
      'a PNG of which nothing is there': pngOf(23, 17, Buffer.alloc(0)),
    };

    const { issues } = await pixelsOf(SMALL, ...Object.values(texts));

    expect(issues.map(({ row, type }) => [Object.keys(texts)[row], type])).toEqual(
      Object.keys(texts).map((name) => [
        name,
        ['not base64', 'empty'].includes(name) ? 'value_error.base64' : 'value_error.image',
      ]),
    );
    expect(JSON.stringify(issues)).not.toMatch(/vips|libpng|Vips/);
  });
});

/** A PNG in base64 with a header of any size. */
function pngOf(width: number, height: number, pixels: Buffer): string {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]).toString('base64');
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
