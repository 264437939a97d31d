import type { StoredRun } from '../run-files.js';
import type { PartName } from '../shared-parts.js';

/** To the thread: folders to read. */
export interface ScanRequest {
  /** Absolute folder of the store, as it was named and with its links resolved. */
  readonly stores: readonly string[];
  /** Absolute. */
  readonly folders: readonly string[];
  /** Largest model, all its files together, bytes. */
  readonly maxBytes: number;
}

/** A run with numbers in place of the parts that runs have in common. */
export type RunWithIndex = Omit<StoredRun, PartName> & Readonly<Record<PartName, number>>;

/** A sound run. */
export interface ScannedRun {
  /** As `fingerprintOf` gives it, from before the files were read. */
  readonly fingerprint: string;
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly run: RunWithIndex;
}

/** From the thread, one for each request. */
export interface ScanReply {
  /** One for each folder; undefined for those that need a closer look. */
  readonly runs: readonly (ScannedRun | undefined)[];
  /** Parts that were not sent before. */
  readonly parts: readonly (readonly [name: PartName, number: number, value: object])[];
}
