import { NODE_FILE_SYSTEM } from '../../../src/sources/files/file-system.js';
import type { FileSystem } from '../../../src/sources/files/file-system.js';

/** A file system that does not answer for what lies below some paths, until it is released. */
export class HangingDisk {
  /** What was asked of places that hang. */
  readonly asked: string[] = [];
  private readonly places: string[] = [];
  private waiting: (() => void)[] = [];

  /** From now on nothing at or below this absolute path is answered. */
  hang(path: string): void {
    this.places.push(path);
  }

  /** Answers everything that was asked, and what comes. */
  release(): void {
    this.places.length = 0;
    for (const answer of this.waiting.splice(0)) answer();
  }

  get fileSystem(): FileSystem {
    const answered =
      <Rest extends unknown[], T>(call: (path: string, ...rest: Rest) => Promise<T>) =>
      async (path: string, ...rest: Rest): Promise<T> => {
        if (this.places.some((place) => path === place || path.startsWith(`${place}/`))) {
          this.asked.push(path);
          await new Promise<void>((resolve) => this.waiting.push(resolve));
        }
        return call(path, ...rest);
      };
    const node = NODE_FILE_SYSTEM;
    return {
      entries: answered((path) => node.entries(path)),
      stat: answered((path) => node.stat(path)),
      isLink: answered((path) => node.isLink(path)),
      realpath: answered((path) => node.realpath(path)),
      readRegular: answered((path, maxBytes: number) => node.readRegular(path, maxBytes)),
    };
  }
}
