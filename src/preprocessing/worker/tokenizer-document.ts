import { Tokenizer } from '@huggingface/tokenizers';
import type { TokenizerModel } from '@huggingface/tokenizers';

import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';

/** Behaviours of a split that the library knows; it takes the others for `Isolated`. */
const SPLITS = ['Removed', 'Isolated'];

/** A character of a word, as Python's library has it: also the joiners inside of emoji. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}';

/** What Python's library calls punctuation. */
const PUNCTUATION = '[\\p{P}\\x{21}-\\x{2F}\\x{3A}-\\x{40}\\x{5B}-\\x{60}\\x{7B}-\\x{7E}]';

/** The normalizer `Nmt`, which the library does not have: characters that go, and those that are a space. */
const NMT = {
  type: 'Sequence',
  normalizers: [
    replace('[\\x{1}-\\x{8}\\x{B}\\x{E}-\\x{1F}\\x{7F}\\x{8F}\\x{9F}]', ''),
    replace('[\\x{9}\\x{A}\\x{C}\\x{D}\\x{1680}\\x{200B}-\\x{200F}\\x{2028}\\x{2029}\\x{2581}\\x{FEFF}\\x{FFFD}]', ' '),
  ],
};

/**
 * Makes a tokenizer of a parsed `tokenizer.json` that splits texts as Python's library does. The JavaScript library reads some
 * parts otherwise and says nothing: they are written in words that it reads rightly, or refused.
 *
 * @throws Error that says which part cannot be used.
 */
export function makeTokenizer(document: JsonObject): Tokenizer {
  const { model, added_tokens: added, normalizer, pre_tokenizer: preTokenizer } = document;
  if (isJsonObject(model)) requireReadable(model);
  for (const token of Array.isArray(added) ? added : []) {
    if (isJsonObject(token) && token.single_word === true) {
      throw new Error(`the added token ${JSON.stringify(token.content)} is for single words only`);
    }
  }
  const readable = {
    ...document,
    ...(isJsonObject(normalizer) && { normalizer: readableNormalizer(normalizer) }),
    ...(isJsonObject(preTokenizer) && { pre_tokenizer: readablePreTokenizer(preTokenizer) }),
  };
  // Of a model of whole words the library reads the unknown one from elsewhere.
  const unknown = isJsonObject(model) && model.type === 'WordLevel' ? model.unk_token : undefined;
  const tokenizer = new Tokenizer(readable, unknown === undefined ? {} : { unk_token: unknown });
  splitAlone(tokenizer.model);
  return tokenizer;
}

function requireReadable({ type, continuing_subword_prefix: prefix, byte_fallback: bytes }: JsonObject): void {
  if (type === 'BPE' && prefix) throw new Error('BPE with a continuing_subword_prefix');
  if (type === 'Unigram' && bytes === true) throw new Error('Unigram with byte_fallback');
}

/** The library fuses unknown tokens of neighbouring words, and drops unknown characters after it has merged the others. */
function splitAlone(model: TokenizerModel): void {
  const splitAll = model._call.bind(model);
  const { type, unk_token: unknown, byte_fallback: bytes, end_of_word_suffix: suffix } = model.config;
  const dropsUnknown = type === 'BPE' && unknown == null && bytes !== true && !suffix;
  model._call = (words) =>
    words.flatMap((word) => {
      const known = dropsUnknown ? [...word].filter((character) => model.tokens_to_ids.has(character)).join('') : word;
      return known === '' ? [] : splitAll([known]);
    });
}

function readableNormalizer(normalizer: JsonObject): JsonObject {
  if (normalizer.type === 'Nmt') return NMT;
  return { ...normalizer, ...each(normalizer, 'normalizers', readableNormalizer) };
}

function readablePreTokenizer(part: JsonObject): JsonObject {
  const { type, behavior = 'Isolated', pattern, invert, delimiter } = part;
  if (type === 'Whitespace') return split({ Regex: `[${WORD}]+|[^${WORD}\\s]+` }, 'Removed', true);
  if (type === 'CharDelimiterSplit' && typeof delimiter === 'string') return split({ String: delimiter }, 'Removed');
  if (type === 'Punctuation' && behavior === 'Contiguous') return part;
  if (type === 'Split' || type === 'Punctuation') {
    const text = typeof behavior === 'string' ? behavior : '';
    if (!SPLITS.includes(text) || (invert === true && text !== 'Removed')) {
      throw new Error(`PreTokenizer ${type} with the behavior ${text}${invert === true ? ' and invert' : ''}`);
    }
    return split(type === 'Punctuation' ? { Regex: PUNCTUATION } : pattern, text, invert);
  }
  return { ...part, ...each(part, 'pretokenizers', readablePreTokenizer) };
}

/** The library keeps what should be removed when the pattern is a text or has groups that are kept. */
function split(pattern: JsonValue | undefined, behavior: string, invert: JsonValue = false): JsonObject {
  const { String: text, Regex: expression } = isJsonObject(pattern) ? pattern : {};
  const readable =
    typeof text === 'string' ? text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) : withoutGroups(expression);
  return { type: 'Split', pattern: readable === undefined ? (pattern ?? null) : { Regex: readable }, behavior, invert };
}

/** An expression whose groups keep nothing; what is escaped or in brackets is no group. */
function withoutGroups(expression: JsonValue | undefined): string | undefined {
  if (typeof expression !== 'string') return undefined;
  return expression.replaceAll(/\\.|\[(?:\\.|[^\]])*\]|\((?!\?)/gs, (part) => (part === '(' ? '(?:' : part));
}

function each(part: JsonObject, name: string, read: (part: JsonObject) => JsonObject): JsonObject {
  const list = part[name];
  return Array.isArray(list) ? { [name]: list.map((item) => (isJsonObject(item) ? read(item) : item)) } : {};
}

function replace(expression: string, content: string): JsonObject {
  return { type: 'Replace', pattern: { Regex: expression }, content };
}
