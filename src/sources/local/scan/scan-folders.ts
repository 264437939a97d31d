import { readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { sha256OfBytes } from '../../../lib/digest.js';
import { requireRegular } from '../../files/file-system.js';
import { readRunFile } from '../../files/file-tasks.js';
import type { SchemaCheck } from '../../schema-check.js';
import { fingerprintLine } from '../fingerprint.js';
import { exportOfPythonFile } from '../python-file.js';
import { MAX_INLINE_BYTES, MAX_INLINE_DOCUMENT_BYTES, filesOfRun, toStoredRun, vocabularyFiles } from '../run-files.js';
import type { StoredRun } from '../run-files.js';
import { isInside, leadsOutside } from '../run-folder.js';
import { PART_NAMES, SharedParts } from '../shared-parts.js';
import type { PartName } from '../shared-parts.js';
import type { NumberedRun, ScanReply, ScanRequest, ScannedRun } from './scan-messages.js';

/** Files and folders of a run folder; one with more gets a closer look. */
const MAX_ENTRIES = 100;

/**
 * Reads run folders that are plainly sound: a small `run.json` that follows its schema, small files with its digests.
 * Whatever is odd is left to `RunReader`, which alone says what is wrong. Blocks its thread, also when the disk hangs.
 */
export class FolderScan {
  private readonly shared = new SharedParts();
  private readonly numbers = new WeakMap<object, number>();
  private nextNumber = 0;
  private newParts: ScanReply['parts'][number][] = [];

  /** @param check  of `run.json`. */
  constructor(private readonly check: SchemaCheck) {}

  scan(request: ScanRequest): ScanReply {
    this.newParts = [];
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
    const fingerprint = filesBelow(path, '').sort().join('\n');
    const folder = realpathSync.native(path);
    if (!stores.some((store) => isInside(folder, store))) return undefined;
    const content = readRunFile(readSmall(join(folder, 'run.json'), MAX_INLINE_DOCUMENT_BYTES), this.check);
    if (!('document' in content)) return undefined;
    const run = toStoredRun(content.document);
    if (!isPlain(run) || !hasItsFiles(folder, run, Math.min(maxBytes, MAX_INLINE_BYTES))) return undefined;
    return { fingerprint, folder, run: this.numbered(run) };
  }

  private numbered(run: StoredRun): NumberedRun {
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

/** Lines of a fingerprint. @throws for what has no plain one. */
function filesBelow(folder: string, prefix: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.length > MAX_ENTRIES) throw new Error('many files');
  return entries.flatMap((entry) => {
    const [path, name] = [join(folder, entry.name), prefix + entry.name];
    return entry.isDirectory()
      ? filesBelow(path, `${name}/`)
      : [fingerprintLine(name, statSync(path, { bigint: true }))];
  });
}

/** Whether only its own files and their digests say whether it is sound. */
function isPlain(run: StoredRun): boolean {
  const { format, path } = run.model;
  return format === 'onnx' && exportOfPythonFile(path) === undefined && vocabularyFiles(run).length === 0;
}

function hasItsFiles(folder: string, run: StoredRun, maxBytes: number): boolean {
  let leftBytes = maxBytes;
  return filesOfRun(run, { withModel: true }).every(({ path, sha256, maxBytes: most }) => {
    if (leadsOutside(path)) return false;
    const file = realpathSync.native(join(folder, path));
    if (!isInside(file, folder)) return false;
    const bytes = readSmall(file, Math.min(most, leftBytes));
    leftBytes -= bytes.length;
    return sha256OfBytes(bytes) === sha256;
  });
}

function readSmall(file: string, maxBytes: number): Buffer {
  requireRegular(statSync(file), maxBytes);
  return readFileSync(file);
}
