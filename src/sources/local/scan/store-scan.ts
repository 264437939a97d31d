import { join } from 'node:path';

import { compiledFile } from '../../../lib/threads/compiled-file.js';
import { RequestThread } from '../../../lib/threads/request-thread.js';
import type { Disk } from '../../files/disk.js';
import type { RunLocation } from '../run-cache.js';
import type { StoredRun } from '../run-files.js';
import { PART_NAMES } from '../shared-parts.js';
import type { PartName, SharedParts } from '../shared-parts.js';
import type { RunWithIndex, ScanReply, ScanRequest } from './scan-messages.js';

/** Folders per request: a few milliseconds of work. */
const BATCH = 50;
const THREADS = 2;

/** What a store is scanned with. */
export interface StoreScanParts {
  /** Absolute folder of the store. */
  readonly store: string;
  readonly disk: Disk;
  /** Parts that the runs have in common, to which those that are found are added. */
  readonly shared: SharedParts;
  /** Largest model, all its files together, bytes. */
  readonly maxModelBytes: number;
  /** Longest time that the folders of one request may take, milliseconds. */
  readonly timeoutMs: number;
  /** Fewer folders are not scanned. */
  readonly minFolders: number;
}

/** A run that is plainly sound. */
export interface FoundRun {
  readonly fingerprint: string;
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly run: StoredRun;
}

/**
 * The first look at a large store. A run that is read call by call, so that a disk that hangs holds nothing up, costs
 * dozens of hops between threads; threads that may hang read those that are plainly sound in a tenth of the time.
 */
export class StoreScan {
  private readonly threads = new Set<ScanThread>();
  private isClosed = false;

  constructor(private readonly parts: StoreScanParts) {}

  /**
   * @param onFound  called for each run that is plainly sound. The others are left to whoever reads run by run: those with
   *   any problem, and all that are left when the disk does not answer.
   */
  async scan(
    locations: readonly RunLocation[],
    onFound: (location: RunLocation, found: FoundRun) => void,
  ): Promise<void> {
    const { store, disk, minFolders } = this.parts;
    if (locations.length < minFolders || this.isClosed) return;
    const real = await disk.call(store, (fileSystem) => fileSystem.realpath(store)).catch(() => store);
    let next = 0;
    const takeBatch = () => locations.slice(next, (next += BATCH));
    const work = async () => {
      const thread = new ScanThread(this.parts);
      this.threads.add(thread);
      try {
        for (let batch = takeBatch(); batch.length > 0; batch = takeBatch()) {
          const found = await thread.scan(batch, [store, real]);
          if (!found) return;
          found.forEach((run, i) => run && onFound(batch[i]!, run));
        }
      } finally {
        this.threads.delete(thread);
        void thread.end('the scan is over');
      }
    };
    await Promise.all(Array.from({ length: THREADS }, work));
  }

  /** Ends the threads; what they have not read is left. */
  close(): void {
    this.isClosed = true;
    for (const thread of this.threads) void thread.end('the source is closed');
  }
}

class ScanThread extends RequestThread<ScanRequest, ScanReply> {
  private readonly partsByNumber = new Map<number, object>();

  constructor(private readonly parts: StoreScanParts) {
    super(compiledFile(join(__dirname, 'scan-worker.js')), { name: 'scan' });
  }

  /** @returns one for each folder that is plainly sound; undefined when the thread is lost, or took too long. */
  async scan(
    locations: readonly RunLocation[],
    stores: readonly string[],
  ): Promise<readonly (FoundRun | undefined)[] | undefined> {
    if (!this.isFree) return undefined;
    const { maxModelBytes: maxBytes, timeoutMs } = this.parts;
    const timer = setTimeout(() => void this.end('the disk did not answer'), timeoutMs);
    try {
      const request = { stores, folders: locations.map(({ path }) => path), maxBytes };
      const reply = await new Promise<ScanReply | undefined>((resolve) => this.ask(request, resolve));
      return reply && this.build(reply);
    } finally {
      clearTimeout(timer);
    }
  }

  protected override onLost(): void {
    // Whoever waits is told.
  }

  private build({ runs, parts }: ScanReply): (FoundRun | undefined)[] {
    for (const [name, number, value] of parts) this.partsByNumber.set(number, this.parts.shared.shared(name, value));
    return runs.map((found) => found && { ...found, run: this.withParts(found.run) });
  }

  private withParts(run: RunWithIndex): StoredRun {
    const entries = PART_NAMES.map((name) => [name, this.partsByNumber.get(run[name])!] as const);
    return { ...run, ...(Object.fromEntries(entries) as Pick<StoredRun, PartName>) };
  }
}
