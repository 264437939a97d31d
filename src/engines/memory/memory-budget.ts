/** Gives up something that is not needed at the moment; false when there is nothing. */
type Reclaim = () => Promise<boolean>;

/** Bytes that are reserved, until they are given back. */
export interface Reservation {
  readonly bytes: number;
  /** Corrects the number when more is known, even beyond the budget: what is there cannot be refused. */
  resize(bytes: number): void;
  /** May be called again. */
  release(): void;
}

/**
 * The memory that models of this process may take. Every copy of a model is reserved before it is loaded and given back
 * when its memory is free again, so that what does not fit is refused instead of ending the process.
 *
 * The numbers are measured where somebody has measured, else estimated from the files: nobody here counts pages.
 */
export class MemoryBudget {
  private reserved = 0;
  private readonly freeMemory: Reclaim[] = [];

  /**
   * @param limitBytes  without limit unless set.
   * @param mustFit  whether what does not fit is refused; else it is only avoided where there is another way.
   */
  constructor(
    readonly limitBytes = Infinity,
    private readonly mustFit = true,
  ) {}

  get reservedBytes(): number {
    return this.reserved;
  }

  get leftBytes(): number {
    return Math.max(0, this.limitBytes - this.reserved);
  }

  /** Has `reclaim` called when a reservation does not fit, until it does; those that were added last go first. */
  onShortage(reclaim: Reclaim): void {
    this.freeMemory.unshift(reclaim);
  }

  /** Reserves what fits now. @returns undefined when it does not fit. */
  tryReserve(bytes: number): Reservation | undefined {
    return bytes > this.limitBytes - this.reserved ? undefined : this.add(bytes);
  }

  /** The same, after others have given up what they do not need. */
  async reserve(bytes: number): Promise<Reservation | undefined> {
    await this.makeRoom(bytes);
    return this.mustFit ? this.tryReserve(bytes) : this.add(bytes);
  }

  /** Has others give up what they do not need, as far as that lets a reservation of so many bytes fit. */
  async makeRoom(bytes: number): Promise<void> {
    while (bytes > this.leftBytes && bytes <= this.limitBytes && (await this.reclaimOne()));
  }

  private async reclaimOne(): Promise<boolean> {
    for (const reclaim of this.freeMemory) if (await reclaim()) return true;
    return false;
  }

  /** Counts what is there already, even beyond the limit. */
  add(bytes: number): Reservation {
    this.reserved += bytes;
    const change = (now: number): void => {
      this.reserved += now - reservation.bytes;
      reservation.bytes = now;
    };
    let isHeld = true;
    const reservation = {
      bytes,
      resize: (now: number): void => void (isHeld && change(now)),
      release: (): void => {
        if (isHeld) change(0);
        isHeld = false;
      },
    };
    return reservation;
  }
}
