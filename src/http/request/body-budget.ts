/** A body up to this size is small, bytes. */
const SMALL_BODY_BYTES = 64 * 1024;
/** Part of the budget that bodies which are not small may fill: there is always room for small ones. */
const LARGE_SHARE = 3 / 4;

/**
 * The bytes of request bodies that may be in memory at the same time, whoever sends them. A body is counted from its first
 * byte to its answer, because what it became while it is answered is about as large.
 */
export class BodyBudget {
  private heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Bytes that are held now. */
  get held(): number {
    return this.heldBytes;
  }

  /** Room for one body, which has none yet. */
  open(): BodyReservation {
    return new BodyReservation((from, to) => this.resize(from, to));
  }

  private resize(from: number, to: number): boolean {
    const held = this.heldBytes - from + to;
    const limit = to > SMALL_BODY_BYTES ? this.maxBytes * LARGE_SHARE : this.maxBytes;
    if (to > from && held > limit) return false;
    this.heldBytes = held;
    return true;
  }
}

/** The room that one body takes. */
export class BodyReservation {
  private bytes = 0;

  constructor(private readonly resize: (from: number, to: number) => boolean) {}

  /** Takes room for so many bytes altogether. @returns false when there is not enough: the room stays as it was. */
  resizeTo(bytes: number): boolean {
    if (bytes === this.bytes) return true;
    if (!this.resize(this.bytes, bytes)) return false;
    this.bytes = bytes;
    return true;
  }

  release(): void {
    this.resizeTo(0);
  }
}
