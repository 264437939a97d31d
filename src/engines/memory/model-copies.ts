import { RunError } from '../../domain/verdict.js';
import { bytesText } from '../../lib/bytes-text.js';
import type { LoadRequest, ModelInfo, WeightPlacement } from '../inference-engine.js';
import type { MemoryBudget, Reservation } from './memory-budget.js';
import { fileBytes, needAfterLoad, privateNeed, sharedNeed } from './memory-need.js';
import type { MemoryNeed } from './memory-need.js';

const SMALL_COPY_BYTES = 32 * 1024 * 1024;

/** The memory that a model may take in this process, and with how many others it shares weights. */
export interface CopyLimits {
  readonly budget: MemoryBudget;
  /** Server processes that load the same models, this one included. */
  readonly processes: number;
}

/** A model that may be loaded. */
export interface ReservedModel {
  readonly copies: ModelCopies;
  /** What the first copy may take. */
  readonly first: Reservation;
}

/**
 * What the copies of one model have reserved: the first one before it is loaded, each further one before another thread
 * loads it, and the weights that all of them share.
 */
export class ModelCopies {
  private readonly reservations = new Set<Reservation>();
  private shared: Reservation | undefined;

  private constructor(
    private readonly limits: CopyLimits,
    private need: MemoryNeed,
    /** How weights have to lie in memory, because there is no room for the other way. */
    readonly weights: WeightPlacement | undefined,
  ) {}

  /**
   * Reserves the first copy of a model: with weights of its own, or, where that is too much, with shared ones.
   *
   * @throws RunError MEMORY_EXCEEDED when neither fits.
   */
  static async reserve(request: LoadRequest, limits: CopyLimits): Promise<ReservedModel> {
    const { budget } = limits;
    const ways = await waysToLoad(request, limits.processes);
    for (const { need, weights } of ways) {
      const first = budget.tryReserve(totalOf(need));
      if (first) return reserved(new ModelCopies(limits, need, weights), first);
    }
    const { need, weights } = ways.at(-1)!;
    const first = await budget.reserve(totalOf(need));
    if (first) return reserved(new ModelCopies(limits, need, weights), first);
    throw memoryExceeded(shortageOf('The run', totalOf(need), budget));
  }

  /**
   * Makes room for the least that a model can take, by the size of its files unless it was measured.
   *
   * @throws RunError MEMORY_EXCEEDED when there is none: then nobody need load it to see that it does not fit.
   */
  static async requireRoom(request: LoadRequest, { budget, processes }: CopyLimits): Promise<void> {
    const ways = await waysToLoad({ ...request, measuredBytes: request.measuredBytes ?? 0 }, processes);
    const leastBytes = Math.min(...ways.map(({ need }) => totalOf(need)));
    const reservation = await budget.reserve(leastBytes);
    if (!reservation) throw memoryExceeded(shortageOf('The run', leastBytes, budget, 'at least'));
    reservation.release();
  }

  get use(): { readonly bytes: number; readonly copies: number; readonly shared: boolean } {
    const bytes = [...this.reservations].reduce((sum, reservation) => sum + reservation.bytes, this.shared?.bytes ?? 0);
    return { bytes, copies: this.reservations.size, shared: this.shared !== undefined };
  }

  /** Why a further copy does not fit, a sentence. */
  get shortage(): string {
    return shortageOf('A copy', this.need.copyBytes, this.limits.budget);
  }

  /** Whether a further copy takes so little that it is worth having whatever it gains. */
  get areSmall(): boolean {
    return this.need.copyBytes <= SMALL_COPY_BYTES;
  }

  /** Bytes that a further copy takes. */
  get copyBytes(): number {
    return this.need.copyBytes;
  }

  /** Reserves a further copy. @returns undefined when it does not fit. */
  tryReserve(): Reservation | undefined {
    const reservation = this.limits.budget.tryReserve(this.need.copyBytes);
    return reservation && this.hold(reservation);
  }

  /** The first copy is loaded: what it reserved becomes what it takes. */
  onFirstLoad(first: Reservation, info: ModelInfo): void {
    this.need = needAfterLoad(this.need, info, this.limits.processes);
    first.resize(this.need.copyBytes);
    if (this.need.sharedBytes > 0) this.shared = this.limits.budget.add(this.need.sharedBytes);
  }

  /** No thread holds the model any more. */
  release(): void {
    this.shared?.release();
    this.shared = undefined;
  }

  /** Counts a reservation as one of this model's. */
  hold(reservation: Reservation): Reservation {
    const held: Reservation = {
      get bytes() {
        return reservation.bytes;
      },
      resize: (bytes) => reservation.resize(bytes),
      release: () => {
        this.reservations.delete(held);
        reservation.release();
      },
    };
    this.reservations.add(held);
    return held;
  }
}

interface WayToLoad {
  readonly need: MemoryNeed;
  readonly weights: WeightPlacement | undefined;
}

/** With weights of its own, unless that is known to be worse; with shared ones where it may have them. */
async function waysToLoad(request: LoadRequest, processes: number): Promise<WayToLoad[]> {
  const { format, sharing, weights } = request;
  const bytes = format === 'onnx' && sharing && weights !== 'private' ? await fileBytes(request) : 0;
  const shared = { need: sharedNeed(bytes, processes), weights: 'shared' } as const;
  const mayShare = bytes > 0 && bytes >= sharing!.minBytes;
  if (mayShare && weights === 'shared') return [shared];
  const own = { need: await privateNeed(request), weights };
  return mayShare ? [own, shared] : [own];
}

function totalOf({ copyBytes, sharedBytes }: MemoryNeed): number {
  return copyBytes + sharedBytes;
}

function reserved(copies: ModelCopies, first: Reservation): ReservedModel {
  return { copies, first: copies.hold(first) };
}

function memoryExceeded(shortage: string): RunError {
  return new RunError('MEMORY_EXCEEDED', shortage);
}

function shortageOf(
  what: string,
  neededBytes: number,
  { leftBytes, limitBytes }: MemoryBudget,
  precision: 'about' | 'at least' = 'about',
): string {
  const [needed, left, limit] = [neededBytes, leftBytes, limitBytes].map(bytesText);
  return `${what} needs ${precision} ${needed} of memory, and ${left} of the ${limit} for models are left.`;
}
