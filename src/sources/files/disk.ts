import { NODE_FILE_SYSTEM } from './file-system.js';
import type { FileSystem } from './file-system.js';

/** The disk or share has not answered; `code` is ETIMEDOUT. */
export class DiskTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(place: string, timeoutMs: number) {
    super(`${place} has not answered for ${timeoutMs} ms`);
    this.name = 'DiskTimeoutError';
  }
}

interface DiskOptions {
  /** Longest time to one answer, milliseconds. */
  readonly timeoutMs?: number;
  /** Calls at the same time. Each takes a thread of Node's pool, which everything in the process shares. */
  readonly maxRunning?: number;
  /** Calls without an answer after which nothing is asked any more until one of them is answered. */
  readonly maxHung?: number;
  readonly fileSystem?: FileSystem;
}

/** Several calls in a row may take this many times as long as one. */
const MAX_CALLS_TIME = 6;

/**
 * A file system that may stop answering, as a network share does. A call that takes too long is given up: Node cannot
 * cancel it, so it holds its thread until the disk answers. Therefore the number of calls is bounded, a place that has
 * not answered is not asked again until it does, and once too many places hang all others are refused too: the threads
 * that are left belong to the rest of the process.
 */
export class Disk {
  private readonly timeoutMs: number;
  private readonly maxRunning: number;
  private readonly maxHung: number;
  private readonly fileSystem: FileSystem;
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** Places with calls that were given up, and how many. */
  private readonly hung = new Map<string, number>();

  constructor({ timeoutMs = 10_000, maxRunning = 4, maxHung = 4, fileSystem = NODE_FILE_SYSTEM }: DiskOptions = {}) {
    this.timeoutMs = timeoutMs;
    this.maxRunning = maxRunning;
    this.maxHung = maxHung;
    this.fileSystem = fileSystem;
  }

  /** Places that have not answered. */
  get hungPlaces(): readonly string[] {
    return [...this.hung.keys()];
  }

  /**
   * Calls of the file system for one place, one after the other.
   *
   * @param place  what hangs together: the folder of a run, a model or the store.
   * @param work  must call nothing but the file system that it is given; it goes on after it was given up, unheard.
   * @throws DiskTimeoutError; what `work` throws.
   */
  async call<T>(place: string, work: (fileSystem: FileSystem) => Promise<T>): Promise<T> {
    this.requireAnswering(place);
    await this.takeSlot();
    try {
      this.requireAnswering(place);
      return await this.inTime(place, work);
    } finally {
      // One that was given up makes room, too: what it holds is a thread, which `hung` counts.
      this.freeSlot();
    }
  }

  private inTime<T>(place: string, work: (fs: FileSystem) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const endMs = performance.now() + this.timeoutMs * MAX_CALLS_TIME;
      let isOver = false;
      const giveUp = () => {
        isOver = true;
        this.hung.set(place, (this.hung.get(place) ?? 0) + 1);
        reject(new DiskTimeoutError(place, this.timeoutMs));
      };
      const timer = setTimeout(giveUp, this.timeoutMs);
      const onAnswer = () => {
        if (!isOver && performance.now() < endMs) timer.refresh();
      };
      const end = () => {
        clearTimeout(timer);
        if (isOver) this.answered(place);
      };
      work(answering(this.fileSystem, onAnswer)).then(resolve, reject).finally(end);
    });
  }

  private answered(place: string): void {
    const left = (this.hung.get(place) ?? 1) - 1;
    if (left > 0) this.hung.set(place, left);
    else this.hung.delete(place);
  }

  private requireAnswering(place: string): void {
    if (this.hung.size === 0) return;
    const count = [...this.hung.values()].reduce((sum, calls) => sum + calls, 0);
    if (this.hung.has(place) || count >= this.maxHung) throw new DiskTimeoutError(place, this.timeoutMs);
  }

  private async takeSlot(): Promise<void> {
    if (this.running < this.maxRunning) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Hands the slot on, if somebody waits. */
  private freeSlot(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
  }
}

/** The same file system, which tells of each answer. */
function answering(fileSystem: FileSystem, onAnswer: () => void): FileSystem {
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } finally {
      onAnswer();
    }
  };
  return {
    entries: (folder) => told(fileSystem.entries(folder)),
    stat: (path) => told(fileSystem.stat(path)),
    isLink: (path) => told(fileSystem.isLink(path)),
    realpath: (path) => told(fileSystem.realpath(path)),
    readRegular: (path, maxBytes) => told(fileSystem.readRegular(path, maxBytes)),
  };
}
