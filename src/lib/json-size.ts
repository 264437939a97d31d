/** What a JSON text holds, by its punctuation. */
export interface JsonSize {
  /** Objects, lists and members of objects: what takes memory for itself. */
  readonly structures: number;
  /** The longest list that is a member of the outermost object, and the name of that member as it is written. */
  readonly longest: { readonly key: string; readonly length: number };
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Measures a text before anything is made of it. It need not be JSON: then the numbers mean nothing. */
export function measureJson(text: string): JsonSize {
  let [structures, depth, commas, keyStart, keyEnd] = [0, 0, 0, 0, 0];
  let isMember = false;
  let listKey = '';
  let longest = { key: '', length: 0 };
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        if (depth === 1) [keyStart, keyEnd] = [i + 1, end];
        i = end;
        break;
      }
      case OPEN_LIST:
      case OPEN_OBJECT:
        structures += 1;
        depth += 1;
        if (depth !== 2) break;
        [isMember, commas, listKey] = [
          text.charCodeAt(i) === OPEN_LIST,
          0,
          text.slice(keyStart, Math.min(keyEnd, keyStart + 100)),
        ];
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (depth === 2 && isMember && commas + 1 > longest.length) longest = { key: listKey, length: commas + 1 };
        depth -= 1;
        break;
      case COLON:
        structures += 1;
        break;
      case COMMA:
        if (depth === 2) commas += 1;
        break;
    }
  }
  return { structures, longest };
}

/** Place of the quote that ends a string; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
