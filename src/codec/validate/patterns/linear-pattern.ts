import { overlap } from './char-set.js';
import type { CharSet } from './char-set.js';
import type { PatternNode } from './read-pattern.js';

// JavaScript's own engine tries one way after the other. It takes linear time where there is only one way to read any
// text, or where the pattern itself allows but a few. Both are proved here from the pattern alone; whatever is not
// proved counts as not linear. The proof of "one way": number the places of the pattern where a character is taken, and
// find which may follow which (Glushkov). If, after each place, those that may follow share no character, and each
// may follow for one reason only, then every prefix of a text is read in one way at most.

/** Ways that are few enough to be tried one after the other, at each place of a text. */
const MAX_WAYS = 100;
/** Most comparisons that they may come to there. */
const MAX_COMPARISONS = 500;
/** Places of an expression beyond which nothing is proved. */
const MAX_PLACES = 500;
/** Steps of a proof, a few milliseconds; what takes more is not proved. */
const MAX_STEPS = 50_000;
/** Most places of an expression that is tried from each place of a text. */
const MAX_STARTS = 100;

class NotLinear extends Error {}

/** Whether JavaScript's own engine surely matches a pattern in time proportional to the text. */
export function isLinear(pattern: PatternNode): boolean {
  if (waysOf(pattern) * sizeOf(pattern) <= MAX_COMPARISONS) return true;
  try {
    return hasOneWay(pattern);
  } catch (error) {
    if (error instanceof NotLinear) return false;
    throw error;
  }
}

/** Characters that an expression takes at most when all repetitions are written out; those without an end count once more than their least. */
export function sizeOf(node: PatternNode): number {
  return sumOf(node, () => 1);
}

/** Ranges of characters in an expression when all repetitions are written out, as for `sizeOf`. */
export function rangesOf(node: PatternNode): number {
  return sumOf(node, (set) => set.length);
}

function sumOf(node: PatternNode, costOf: (set: CharSet) => number): number {
  switch (node.kind) {
    case 'set':
      return costOf(node.set);
    case 'sequence':
      return node.items.reduce((sum, item) => sum + sumOf(item, costOf), 0);
    case 'choice':
      return node.options.reduce((sum, option) => sum + sumOf(option, costOf), 0);
    case 'repeat':
      return sumOf(node.item, costOf) * (node.max === Infinity ? node.min + 1 : node.max);
    default:
      return 0;
  }
}

/** In how many ways the parts of an expression can be put together; Infinity for repetitions without an end. */
function waysOf(node: PatternNode): number {
  switch (node.kind) {
    case 'sequence':
      return node.items.reduce((product, item) => product * waysOf(item), 1);
    case 'choice':
      return node.options.reduce((sum, option) => sum + waysOf(option), 0);
    case 'repeat': {
      const ways = waysOf(node.item);
      if (node.max - node.min > MAX_WAYS || (ways > 1 && node.max > MAX_WAYS)) return Infinity;
      let sum = 0;
      for (let times = node.min; times <= node.max; times++) sum += ways ** times;
      return sum;
    }
    default:
      return 1;
  }
}

function hasOneWay(pattern: PatternNode): boolean {
  const options = pattern.kind === 'choice' ? pattern.options : [pattern];
  const startsAtStart = options.every((option) => option.kind === 'sequence' && option.items[0]?.kind === 'start');
  const places = new Places();
  const { first } = places.choice(options.map((option) => places.add(withoutEnds(option))));
  if (!startsAtStart && (places.hasLoop || places.count > MAX_STARTS)) return false;
  return places.areApart(first) && places.followersAreApart();
}

/** Without the anchors at its two ends. */
function withoutEnds(option: PatternNode): PatternNode {
  if (option.kind !== 'sequence') return option;
  const from = option.items[0]?.kind === 'start' ? 1 : 0;
  const to = option.items.length - (option.items.at(-1)?.kind === 'end' ? 1 : 0);
  return { kind: 'sequence', items: option.items.slice(from, Math.max(from, to)) };
}

/** Part of an expression: where it may begin and end, and whether it may be empty. */
interface Part {
  readonly isEmptyable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const NOTHING: Part = { isEmptyable: true, first: [], last: [] };

class Places {
  hasLoop = false;
  private steps = 0;
  private readonly sets: CharSet[] = [];
  private readonly followers: Set<number>[] = [];

  get count(): number {
    return this.sets.length;
  }

  /** @throws NotLinear. */
  add(node: PatternNode): Part {
    switch (node.kind) {
      case 'set':
        return this.place(node.set);
      case 'sequence':
        return node.items.reduce<Part>((before, item) => this.sequence(before, this.add(item)), NOTHING);
      case 'choice':
        return this.choice(node.options.map((option) => this.add(option)));
      case 'repeat':
        return this.repeat(node.item, node.min, node.max);
      default:
        // What stands between characters may hold or not, so the ways cannot be counted.
        throw new NotLinear();
    }
  }

  choice(parts: readonly Part[]): Part {
    const emptyable = parts.filter(({ isEmptyable }) => isEmptyable);
    if (emptyable.length > 1) throw new NotLinear();
    return {
      isEmptyable: emptyable.length > 0,
      first: parts.flatMap(({ first }) => first),
      last: parts.flatMap(({ last }) => last),
    };
  }

  /** Whether no two of the places take the same character. */
  areApart(places: readonly number[]): boolean {
    return places.every((a, i) => places.slice(i + 1).every((b) => this.isApart(this.sets[a]!, this.sets[b]!)));
  }

  private isApart(a: CharSet, b: CharSet): boolean {
    this.spend(Math.min(a.length, b.length));
    return !overlap(a, b);
  }

  private spend(steps: number): void {
    this.steps += steps;
    if (this.steps > MAX_STEPS) throw new NotLinear();
  }

  followersAreApart(): boolean {
    return this.followers.every((places) => this.areApart([...places]));
  }

  private place(set: CharSet): Part {
    if (this.sets.length >= MAX_PLACES) throw new NotLinear();
    const place = this.sets.push(set) - 1;
    this.followers.push(new Set());
    return { isEmptyable: false, first: [place], last: [place] };
  }

  private sequence(before: Part, after: Part): Part {
    this.follow(before.last, after.first);
    return {
      isEmptyable: before.isEmptyable && after.isEmptyable,
      first: before.isEmptyable ? [...before.first, ...after.first] : before.first,
      last: after.isEmptyable ? [...before.last, ...after.last] : after.last,
    };
  }

  /** A single character is not written out: a loop allows for more ways than any number of repetitions. */
  private repeat(item: PatternNode, min: number, max: number): Part {
    if (max === 0) return NOTHING;
    if (item.kind === 'set' && max > 1) return this.loop(this.add(item), min === 0, max);
    let part = NOTHING;
    for (let i = 0; i < min - (max === Infinity ? 1 : 0); i++) part = this.sequence(part, this.add(item));
    if (max === Infinity) return this.sequence(part, this.loop(this.add(item), min === 0, max));
    return this.sequence(part, this.optional(item, max - min));
  }

  private loop(part: Part, isEmptyable: boolean, max: number): Part {
    if (part.isEmptyable) throw new NotLinear();
    this.hasLoop ||= max > MAX_STARTS;
    this.follow(part.last, part.first);
    return { ...part, isEmptyable };
  }

  /** Up to `times` of it. */
  private optional(item: PatternNode, times: number): Part {
    if (times === 0) return NOTHING;
    const part = this.add(item);
    if (part.isEmptyable) throw new NotLinear();
    return { ...this.sequence(part, this.optional(item, times - 1)), isEmptyable: true };
  }

  private follow(places: readonly number[], next: readonly number[]): void {
    this.spend(places.length * next.length);
    for (const place of places) {
      for (const follower of next) {
        // For a second reason: there would be two ways.
        if (this.followers[place]!.has(follower)) throw new NotLinear();
        this.followers[place]!.add(follower);
      }
    }
  }
}
