import { isSameJson } from '../../lib/json/same-json.js';
import type { StoredRun } from './run-files.js';

/** Parts that many runs of a model have alike: what is sent and answered, how it is encoded, often the examples. */
export const PART_NAMES = [
  'signature',
  'encode',
  'decode',
  'examples',
  'model',
  'params',
  'performance',
  'tags',
] as const;
export type PartName = (typeof PART_NAMES)[number];

/** Parts of one kind that are remembered; a store with more kinds of runs only takes more memory. */
const MAX_KNOWN = 8;

/**
 * Gives runs with equal parts the same objects: of 50,000 runs of one model most differ in little more than their
 * metrics. Whatever is made of a part is then made once, too.
 */
export class SharedParts {
  private readonly known = new Map<PartName, object[]>();

  /** @returns the run in the words that it has, with parts of runs before it in place of equal ones. */
  share(run: StoredRun): StoredRun {
    const entries = PART_NAMES.map((part) => [part, this.shared(part, run[part])] as const);
    // Assigned in place of what was there, so that the order of the keys stays.
    return { ...run, ...(Object.fromEntries(entries) as Pick<StoredRun, PartName>) };
  }

  /** The same of one part. */
  shared<Value extends object>(part: PartName, value: Value): Value {
    const known = this.known.get(part) ?? [];
    const at = known.findIndex((other) => isSameJson(other, value));
    const found = at < 0 ? value : (known[at] as Value);
    if (at === 0) return found;
    // The latest first: runs that lie beside each other are of one kind.
    this.known.set(part, [found, ...known.filter((_, i) => i !== at)].slice(0, MAX_KNOWN));
    return found;
  }
}
