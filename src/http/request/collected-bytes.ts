/** Chunks from this size on are kept as they came; smaller ones are copied together, bytes. */
const LARGE_CHUNK_BYTES = 16 * 1024;
/** Blocks that small chunks are copied to: the first is as small, further ones as large as all before, bytes. */
const [FIRST_BLOCK_BYTES, LAST_BLOCK_BYTES] = [1024, 256 * 1024];

/**
 * Bytes that come in chunks. A client decides how small these are, and each that is kept by itself takes a hundred bytes
 * and more besides its own: ten megabytes in chunks of one byte would come to a gigabyte. Here they take twice their own
 * size at most, and a kibibyte.
 */
export class CollectedBytes {
  private readonly parts: Buffer[] = [];
  /** Last block that small chunks are copied to. */
  private block: Buffer = Buffer.alloc(0);
  private used = 0;
  private total = 0;

  /** Bytes so far. */
  get length(): number {
    return this.total;
  }

  add(chunk: Buffer): void {
    this.total += chunk.length;
    if (chunk.length >= LARGE_CHUNK_BYTES) {
      this.endBlock();
      this.parts.push(chunk);
      return;
    }
    for (let from = 0; from < chunk.length;) {
      if (this.used === this.block.length) this.startBlock();
      const count = chunk.copy(this.block, this.used, from);
      this.used += count;
      from += count;
    }
  }

  /** All of them; there are none left then. */
  take(): Buffer {
    this.endBlock();
    const bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts, this.total);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.parts.length = 0;
    this.block = Buffer.alloc(0);
    this.used = 0;
    this.total = 0;
  }

  private startBlock(): void {
    this.endBlock();
    const size = Math.min(Math.max(this.total, FIRST_BLOCK_BYTES), LAST_BLOCK_BYTES);
    this.block = Buffer.allocUnsafeSlow(size);
    this.used = 0;
  }

  private endBlock(): void {
    if (this.used > 0) this.parts.push(this.block.subarray(0, this.used));
    this.block = Buffer.alloc(0);
    this.used = 0;
  }
}
