import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that are read at a time. */
const WINDOW_BYTES = 64 * 1024;
/** A longer name is none: what is read here are names, numbers and lists of them. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** Bytes of a 64-bit number at seven bits each. */
const MAX_VARINT_BYTES = 10;
/** Bytes of a length: no file has more than 2 to the 49. */
const MAX_LENGTH_BYTES = 7;

/** How a field is written; 3 and 4, the groups of old, occur in no ONNX model. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field of a message: where it stands in the file, and its number where it holds one. */
export interface ProtobufField {
  readonly number: number;
  readonly wire: number;
  /** Offset of its tag. */
  readonly start: number;
  /** Offset of what it holds. */
  readonly valueStart: number;
  /** Offset behind it. */
  readonly end: number;
  /** What a varint holds, as a signed 64-bit number; 0 for the other kinds. */
  readonly value: bigint;
}

/** The file is no protobuf message, or is cut short. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufError';
  }
}

/**
 * A file of protobuf messages, read field by field through a small window: what is not asked for, such as gigabytes of
 * weights, is skipped and never in memory. Reading blocks its thread.
 */
export class ProtobufFile {
  /** Bytes. */
  readonly size: number;
  private readonly window = Buffer.alloc(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;
  private position = 0;

  private constructor(private readonly fd: number) {
    this.size = fstatSync(fd).size;
  }

  /** Opens a file for the duration of `work`. @throws Error of the file system when it cannot be read. */
  static use<T>(path: string, work: (file: ProtobufFile) => T): T {
    const fd = openSync(path, 'r');
    try {
      return work(new ProtobufFile(fd));
    } finally {
      closeSync(fd);
    }
  }

  /** Calls `visit` for each field between two offsets. @throws ProtobufError when they hold no message. */
  forEachField(start: number, end: number, visit: (field: ProtobufField) => void): void {
    for (let at = start; at < end;) {
      this.position = at;
      const field = this.readField(end);
      visit(field);
      at = field.end;
    }
  }

  /** The text that a field holds. @throws ProtobufError when it holds none, or one longer than any name. */
  text({ wire, valueStart, end }: ProtobufField): string {
    if (wire !== WIRE.bytes || end - valueStart > MAX_TEXT_BYTES) throw new ProtobufError('a name is none');
    return this.bytes(valueStart, end).toString('utf8');
  }

  /** The numbers of a repeated field: one, or many packed together. */
  integers({ wire, valueStart, end, value }: ProtobufField): bigint[] {
    if (wire === WIRE.varint) return [value];
    if (wire !== WIRE.bytes) throw new ProtobufError('a list of numbers is none');
    const values: bigint[] = [];
    this.position = valueStart;
    while (this.position < end) values.push(this.varint());
    return values;
  }

  /** Bytes between two offsets, as a copy. @throws ProtobufError when the file ends before. */
  bytes(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafe(end - start);
    this.copyTo(bytes, 0, start, end);
    return bytes;
  }

  /** Copies the bytes between two offsets into a buffer. @throws ProtobufError when the file ends before. */
  copyTo(target: Buffer, at: number, start: number, end: number): void {
    for (let from = start; from < end;) {
      const count = readSync(this.fd, target, at + from - start, end - from, from);
      if (count === 0) throw new ProtobufError('the file is cut short');
      from += count;
    }
  }

  private readField(limit: number): ProtobufField {
    const start = this.position;
    const tag = this.length();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    const value = wire === WIRE.varint ? this.varint() : 0n;
    const length = this.lengthOf(wire);
    const valueStart = this.position;
    const end = valueStart + length;
    if (number < 1 || end > limit) throw new ProtobufError('a field is longer than what holds it');
    return { number, wire, start, valueStart, end, value };
  }

  private lengthOf(wire: number): number {
    switch (wire) {
      case WIRE.varint:
        return 0;
      case WIRE.fixed64:
        return 8;
      case WIRE.fixed32:
        return 4;
      case WIRE.bytes:
        return this.length();
      default:
        throw new ProtobufError(`the wire type ${wire} is unknown`);
    }
  }

  /** A number from 0 on, which needs no bigint: a tag or a length. */
  private length(): number {
    let length = 0;
    for (let i = 0, scale = 1; i < MAX_LENGTH_BYTES; i++, scale *= 0x80) {
      const byte = this.nextByte();
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) return length;
    }
    throw new ProtobufError('a length is none');
  }

  private varint(): bigint {
    let [low, high, wide] = [0, 0, 0n];
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.nextByte();
      // Four bytes fit a small number; only larger ones pay for BigInt.
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else if (i < 8) high |= (byte & 0x7f) << (7 * (i - 4));
      else wide |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return i < 4 ? BigInt(low) : BigInt.asIntN(64, BigInt(low) | (BigInt(high) << 28n) | wide);
    }
    throw new ProtobufError('a number is too long');
  }

  private nextByte(): number {
    if (this.position < this.windowStart || this.position >= this.windowEnd) this.moveWindow();
    return this.window[this.position++ - this.windowStart]!;
  }

  private moveWindow(): void {
    this.windowStart = this.position;
    this.windowEnd = this.position + readSync(this.fd, this.window, 0, WINDOW_BYTES, this.position);
    if (this.windowEnd === this.windowStart) throw new ProtobufError('the file is cut short');
  }
}

/** A field that holds bytes, written. */
export function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varintBytes(number * 8 + WIRE.bytes), varintBytes(bytes.length), bytes]);
}

/** A field that holds a number from 0 on, written. */
export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varintBytes(number * 8 + WIRE.varint), varintBytes(value)]);
}

/** A field's tag and length, for bytes that follow. */
export function bytesHeader(number: number, length: number): Buffer {
  return Buffer.concat([varintBytes(number * 8 + WIRE.bytes), varintBytes(length)]);
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
