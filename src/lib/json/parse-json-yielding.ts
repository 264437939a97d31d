import { endOfString } from './json-size.js';
import { isJsonObject } from './json.js';
import type { JsonObject, JsonValue } from './json.js';
import { runInSlices } from '../run-in-slices.js';

const [QUOTE, COMMA] = [0x22, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Characters that are parsed at once, unless one item has more. */
const PIECE_CHARACTERS = 128 * 1024;

/**
 * Parses the text of an object that is large because of its lists, without blocking the event loop: their items are
 * parsed some at a time, with other work in between.
 *
 * @param maxPiece  most characters of one item, and of everything but such lists.
 * @throws SyntaxError when it is no JSON object; RangeError for a larger piece.
 */
export function parseJsonYielding(text: string, maxPiece: number): Promise<JsonObject> {
  return runInSlices(parseSteps(text, maxPiece));
}

function* parseSteps(text: string, maxPiece: number): Generator<void, JsonObject> {
  const lists = new MemberLists(text, maxPiece);
  let [depth, nextPause] = [0, PIECE_CHARACTERS];
  for (let i = 0; i < text.length; i++) {
    if (i >= nextPause) {
      nextPause = i + PIECE_CHARACTERS;
      yield;
    }
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        if (depth === 2 && text.charCodeAt(i) === OPEN_LIST) lists.open(i + 1);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (depth === 2) lists.close(i);
        depth -= 1;
        break;
      case COMMA:
        if (depth === 2) lists.cut(i);
        break;
    }
  }
  return lists.object;
}

/** The lists that are members of the outermost object, as they are found in its text. */
class MemberLists {
  private readonly lists: JsonValue[][] = [];
  /** The text without what is in the lists: a list has its number instead. */
  private readonly rest: string[] = [];
  private restStart = 0;
  private pieceStart = -1;

  constructor(
    private readonly text: string,
    private readonly maxPiece: number,
  ) {}

  open(start: number): void {
    this.rest.push(this.text.slice(this.restStart, start), `${this.lists.length}`);
    this.lists.push([]);
    this.pieceStart = start;
  }

  /** A comma between the items of a list, if it is one. */
  cut(at: number): void {
    if (this.pieceStart < 0 || at - this.pieceStart < PIECE_CHARACTERS) return;
    this.addPiece(at, false);
    this.pieceStart = at + 1;
  }

  close(end: number): void {
    if (this.pieceStart < 0) return;
    this.addPiece(end, this.lists.at(-1)!.length === 0);
    this.pieceStart = -1;
    this.restStart = end;
  }

  /** @throws SyntaxError, RangeError. */
  get object(): JsonObject {
    const outside = this.parse([...this.rest, this.text.slice(this.restStart)].join(''));
    if (!isJsonObject(outside)) throw new SyntaxError('not a JSON object');
    const result = ([key, value]: [string, JsonValue]) =>
      [key, Array.isArray(value) ? this.lists[value[0] as number]! : value] as const;
    return Object.fromEntries(Object.entries(outside).map(result));
  }

  private addPiece(end: number, mayBeEmpty: boolean): void {
    const items = this.parse(`[${this.text.slice(this.pieceStart, end)}]`) as JsonValue[];
    if (items.length === 0 && !mayBeEmpty) throw new SyntaxError('an item is missing');
    const list = this.lists.at(-1)!;
    for (const item of items) list.push(item);
  }

  private parse(piece: string): JsonValue {
    if (piece.length > this.maxPiece) throw new RangeError('a piece is too large');
    return JSON.parse(piece) as JsonValue;
  }
}
