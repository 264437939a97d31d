/** What a JSON text holds, by its punctuation. */
export interface JsonSize {
  /** Objects, lists and members of objects: what takes memory for itself. */
  readonly structures: number;
  /** Members of objects alone. */
  readonly members: number;
  /** Members of the object that has most, those that repeat a name counted in. */
  readonly maxSize: number;
  /** How deep objects and lists nest; 1 where nothing nests. */
  readonly depth: number;
  /** Opening brackets, colons and commas: at least as many as there are values besides the outermost. */
  readonly marks: number;
  /** The longest list that is a wanted member of the outermost object, and the name of that member. */
  readonly longest: { readonly key: string; readonly length: number };
  /** Length of the longest list that is a member whose name is written with escapes: it may be a wanted one. */
  readonly longestEscaped: number;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Levels of objects whose members are counted: no body nests deeper. */
const MAX_LEVELS = 100;

/**
 * Measures a text before anything is made of it. It need not be JSON: then the numbers mean nothing.
 *
 * @param keys  names of the wanted members.
 */
export function measureJson(text: string, keys: readonly string[]): JsonSize {
  const lists = new MemberLists(text, keys);
  let [containers, members, commas, items] = [0, 0, 0, 0];
  let [depth, deepest, maxSize] = [0, 0, 0];
  const sizes = new Uint32Array(MAX_LEVELS);
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        if (depth === 1) lists.name(i + 1, end);
        i = end;
        break;
      }
      case OPEN_LIST:
      case OPEN_OBJECT:
        containers += 1;
        depth += 1;
        if (depth > deepest) deepest = depth;
        if (depth < MAX_LEVELS) sizes[depth] = 0;
        if (depth !== 2) break;
        lists.open(text.charCodeAt(i) === OPEN_LIST);
        items = 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (depth === 2) lists.close(items);
        depth -= 1;
        break;
      case COLON:
        members += 1;
        if (depth > 0 && depth < MAX_LEVELS) maxSize = Math.max(maxSize, ++sizes[depth]!);
        break;
      case COMMA:
        commas += 1;
        if (depth === 2) items += 1;
        break;
    }
  }
  const { longest, longestEscaped } = lists;
  const structures = containers + members;
  return { structures, members, maxSize, depth: deepest, marks: structures + commas, longest, longestEscaped };
}

/** Lists that are members of the outermost object. */
class MemberLists {
  longest = { key: '', length: 0 };
  longestEscaped = 0;
  private keyStart = 0;
  private keyEnd = 0;
  private isList = false;

  constructor(
    private readonly text: string,
    private readonly keys: readonly string[],
  ) {}

  /** A string of the outermost object: the last one before a list is its name. */
  name(start: number, end: number): void {
    this.keyStart = start;
    this.keyEnd = end;
  }

  open(isList: boolean): void {
    this.isList = isList;
  }

  close(length: number): void {
    if (!this.isList || length <= Math.min(this.longest.length, this.longestEscaped)) return;
    const key = this.text.slice(this.keyStart, Math.min(this.keyEnd, this.keyStart + MAX_KEY));
    if (this.keys.includes(key) && length > this.longest.length) this.longest = { key, length };
    if (key.includes('\\')) this.longestEscaped = Math.max(this.longestEscaped, length);
  }
}

/** Longest name, as it is written, that may be a wanted one: each of its characters may take six. */
const MAX_KEY = 100;

/**
 * Place of the quote that ends a string of a JSON text; the end of the text when there is none.
 *
 * @param start  of the quote that begins it.
 */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escaped = 0;
    while (text.charCodeAt(end - 1 - escaped) === BACKSLASH) escaped++;
    if (escaped % 2 === 0) return end;
  }
  return text.length;
}
