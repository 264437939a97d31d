import { readFileSync } from 'node:fs';

import type { ProcessMemory } from './process-messages.js';

/** How often memory is looked at while something is computed, milliseconds: what grows quickest grows by some 100 MB in it. */
const SAMPLE_MS = 20;
const BYTES_PER_KB = 1024;

/**
 * Watches the resident memory of this process, without files that are mapped, whose pages the kernel takes back when it
 * needs them and all processes share: it tells when that grows beyond a limit, and how large it was. On Linux
 * the peak is the kernel's own, which no peak between two looks escapes.
 */
export class MemoryWatch {
  private timer: NodeJS.Timeout | undefined;
  private baselineFileBytes = mappedFileBytes();
  private baselineBytes = residentBytes();
  private peakBytes = this.baselineBytes;
  /** Most that the process ever had before the baseline. */
  private highestBefore = highestBytes();
  /** Most bytes of mapped files at a time. */
  private fileBytes = 0;
  private hasExceeded = false;
  /** What the process takes without any model: itself, and the engines that it has loaded. */
  private emptyBytes = this.baselineBytes;
  /** Before the engine of the next model was asked for. */
  private beforeEngineBytes = this.baselineBytes;

  /** @param onExceeded  called once. */
  constructor(
    private readonly maxBytes: number,
    private readonly onExceeded: (bytes: number) => void,
  ) {}

  /** Something is computed from now on. */
  start(): void {
    this.timer ??= setInterval(this.sample, SAMPLE_MS);
  }

  /** Nothing is computed for now. */
  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.sample();
  }

  /** The process is there, without an engine. */
  markEmpty(): void {
    this.emptyBytes = residentBytes();
  }

  /** An engine is loaded next, unless it is there. */
  markEngine(): void {
    this.beforeEngineBytes = residentBytes();
  }

  /** A model is loaded next; its engine is there. */
  setBaseline(): void {
    this.baselineBytes = this.peakBytes = residentBytes();
    this.emptyBytes += Math.max(0, this.baselineBytes - this.beforeEngineBytes);
    this.baselineFileBytes = mappedFileBytes();
    this.fileBytes = 0;
    this.highestBefore = highestBytes();
  }

  get memory(): ProcessMemory {
    const { emptyBytes, baselineBytes, peakBytes } = this;
    return { emptyBytes, baselineBytes, peakBytes, presentBytes: residentBytes() };
  }

  private readonly sample = (): void => {
    const highest = highestBytes();
    const bytes = highest > this.highestBefore ? highest : residentBytes();
    this.fileBytes = Math.max(this.fileBytes, mappedFileBytes() - this.baselineFileBytes);
    this.peakBytes = Math.max(this.peakBytes, bytes - this.fileBytes);
    if (this.peakBytes <= this.maxBytes || this.hasExceeded) return;
    this.hasExceeded = true;
    this.onExceeded(this.peakBytes);
  };
}

/** What it had at most, where the kernel does not say what it has: that takes a file, and there may be none left. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return highestBytes();
  }
}

function highestBytes(): number {
  return process.resourceUsage().maxRSS * BYTES_PER_KB;
}

/** Bytes of mapped files in memory; 0 where the kernel does not say. */
function mappedFileBytes(): number {
  try {
    const [, kib = 0] = /^RssFile:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return Number(kib) * BYTES_PER_KB;
  } catch {
    return 0;
  }
}
