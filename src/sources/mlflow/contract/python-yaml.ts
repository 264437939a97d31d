import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';

import { YAML_OPTIONS, isPlainYaml } from '../store/plain-yaml.js';
import type { JsonValue } from '../../../lib/json/json.js';

/** Nodes of one document, those of repeated parts counted each time. */
const MAX_NODES = 200_000;

/** How Python's YAML (1.1) reads a text without quotes; this YAML library's rules take more texts for numbers. */
const INTEGER = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9_]+(?:[eE][-+][0-9]+)?)$/;
const WORDS = new Map<string, JsonValue>([
  ...['~', '', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;

/**
 * A part of a YAML file that Python wrote, with the types that it had in Python: quoted texts stay texts, `1e5` is one
 * too, and `NaN` and the infinities are null, as in JSON.
 *
 * @param path  keys from the top.
 * @returns undefined when there is no such part, or the file is no YAML.
 */
export function pythonYamlAt(text: string, path: readonly string[]): JsonValue | undefined {
  // Reading takes time, and few files have the part.
  if (!text.includes(path.at(-1)!) || !isPlainYaml(text)) return undefined;
  try {
    const document = parseDocument(text, YAML_OPTIONS);
    const node = document.getIn(path, true) as Node | undefined;
    return document.errors.length > 0 || node === undefined ? undefined : new TypedReader(document).read(node);
  } catch {
    // Nested deeper than the stack.
    return undefined;
  }
}

class TypedReader {
  private nodesLeft = MAX_NODES;

  constructor(private readonly document: Document) {}

  read(node: unknown): JsonValue {
    if (--this.nodesLeft < 0) return null;
    if (isAlias(node)) return this.read(node.resolve(this.document));
    if (isSeq(node)) return node.items.map((item) => this.read(item));
    if (isMap(node)) {
      return Object.fromEntries(node.items.map(({ key, value }) => [keyText(key), this.read(value)]));
    }
    return isScalar(node) ? scalarValue(typeof node.value === 'string' ? node.value : '', node.type === 'PLAIN') : null;
  }
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function scalarValue(text: string, isPlain: boolean): JsonValue {
  if (!isPlain) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (INFINITY.test(text)) return null;
  if (INTEGER.test(text)) {
    const digits = text.replaceAll('_', '').replace(/^\+/, '');
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
  }
  return FLOAT.test(text) ? Number(text.replaceAll('_', '')) : text;
}
