import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';

import { sha256OfBytes } from '../../../lib/digest.js';
import { readRunFile } from '../../files/file-tasks.js';
import type { SchemaCheck } from '../../schema-check.js';
import { fingerprintLine } from '../fingerprint.js';
import { exportOfPythonFile } from '../python-file.js';
import { MAX_INLINE_BYTES, MAX_INLINE_DOCUMENT_BYTES, filesOfRun, toStoredRun, vocabularyFiles } from '../run-files.js';
import type { StoredRun } from '../run-files.js';
import { isInside, isOutside } from '../run-folder.js';
import { PART_NAMES, SharedParts } from '../shared-parts.js';
import type { PartName } from '../shared-parts.js';
import type { RunWithIndex, ScanReply, ScanRequest, ScannedRun } from './scan-messages.js';

/** Files of a run folder; one with more gets a closer look. */
const MAX_FILES = 100;

/**
 * Reads run folders that are plainly sound: a small `run.json` that follows its schema, small files with its digests.
 * Whatever is odd is left to `RunReader`, which alone says what is wrong. Blocks its thread, also when the disk hangs.
 */
export class FolderScan {
  private readonly shared = new SharedParts();
  private readonly numbers = new WeakMap<object, number>();
  /** Folders of runs, links resolved, by the path that was asked for. */
  private readonly parents = new Map<string, string>();
  private nextNumber = 0;
  private newParts: ScanReply['parts'][number][] = [];

  /** @param check  of `run.json`. */
  constructor(private readonly check: SchemaCheck) {}

  scan(request: ScanRequest): ScanReply {
    this.newParts = [];
    this.parents.clear();
    const runs = request.folders.map((folder) => {
      try {
        return this.scanFolder(folder, request);
      } catch {
        return undefined;
      }
    });
    return { runs, parts: this.newParts };
  }

  private scanFolder(path: string, { stores, maxBytes }: ScanRequest): ScannedRun | undefined {
    const files = new FolderFiles(path);
    const folder = join(this.parentOf(path), basename(path));
    if (!stores.some((store) => isInside(folder, store))) return undefined;
    const content = readRunFile(files.read('run.json', MAX_INLINE_DOCUMENT_BYTES), this.check);
    if (!('document' in content)) return undefined;
    const run = toStoredRun(content.document);
    if (!isPlain(run) || !hasItsFiles(files, run, Math.min(maxBytes, MAX_INLINE_BYTES))) return undefined;
    const { fingerprint } = files;
    return { fingerprint, folder, run: this.withIndex(run) };
  }

  private parentOf(path: string): string {
    const parent = dirname(path);
    const real = this.parents.get(parent) ?? realpathSync.native(parent);
    this.parents.set(parent, real);
    return real;
  }

  private withIndex(run: StoredRun): RunWithIndex {
    const shared = this.shared.share(run);
    const entries = PART_NAMES.map((name) => [name, this.numberOf(name, shared[name])] as const);
    return { ...run, ...(Object.fromEntries(entries) as Record<PartName, number>) };
  }

  private numberOf(name: PartName, part: object): number {
    const known = this.numbers.get(part);
    if (known !== undefined) return known;
    const number = this.nextNumber++;
    this.numbers.set(part, number);
    this.newParts.push([name, number, part]);
    return number;
  }
}

/** The files of a run folder without any link. */
class FolderFiles {
  private readonly stats = new Map<string, BigIntStats>();

  /** @throws for a folder that has links or many files, or is one. */
  constructor(private readonly folder: string) {
    if (!lstatSync(folder).isDirectory()) throw new Error('a link');
    this.add('');
  }

  /** As `fingerprintOf` gives it. */
  get fingerprint(): string {
    const lines = [...this.stats].map(([name, info]) => fingerprintLine(name, info));
    return lines.sort().join('\n');
  }

  /** @throws for what is no file of the folder, or a larger one, or has another size by now. */
  read(path: string, maxBytes: number): Buffer {
    const info = this.stats.get(posix.normalize(path));
    if (!info?.isFile() || info.size > maxBytes) throw new Error('no small file');
    const bytes = Buffer.allocUnsafe(Number(info.size) + 1);
    const fd = openSync(join(this.folder, path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (readSync(fd, bytes, 0, bytes.length, 0) !== Number(info.size)) throw new Error('it changes');
    } finally {
      closeSync(fd);
    }
    return bytes.subarray(0, -1);
  }

  private add(prefix: string): void {
    for (const entry of readdirSync(join(this.folder, prefix), { withFileTypes: true })) {
      const name = prefix + entry.name;
      if (entry.isSymbolicLink() || this.stats.size >= MAX_FILES) throw new Error('a closer look');
      if (entry.isDirectory()) this.add(`${name}/`);
      else this.stats.set(name, statSync(join(this.folder, name), { bigint: true }));
    }
  }
}

/** Whether only its own files and their digests say whether it is sound. */
function isPlain(run: StoredRun): boolean {
  const { format, path } = run.model;
  return format === 'onnx' && exportOfPythonFile(path) === undefined && vocabularyFiles(run).length === 0;
}

function hasItsFiles(files: FolderFiles, run: StoredRun, maxBytes: number): boolean {
  let leftBytes = maxBytes;
  return filesOfRun(run, { withModel: true }).every(({ path, sha256, maxBytes: most }) => {
    if (isOutside(path)) return false;
    const bytes = files.read(path, Math.min(most, leftBytes));
    leftBytes -= bytes.length;
    return sha256OfBytes(bytes) === sha256;
  });
}
