import { RegExpParser } from '@eslint-community/regexpp';
import type { AST } from '@eslint-community/regexpp';

import { ANY, charSet, charSetOf, invert } from './char-set.js';
import type { CharSet } from './char-set.js';

/** A pattern that must not be used; the message says why. */
export class PatternError extends Error {}

/** What a pattern says, without what only matters for what it captures. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'no-boundary' };

const DIGIT: CharSet = charSet([[0x30, 0x39]]);
const WORD: CharSet = charSet([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** What `\s` means in JavaScript. */
const SPACE: CharSet = charSet([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
/** What `.` does not match in JavaScript. */
const LINE_END: CharSet = charSet([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);

/**
 * Reads a regular expression of JavaScript.
 *
 * @param isUnicode  whether it has the flag `u`.
 * @throws PatternError for look-around and references, which no engine matches in linear time.
 */
export function readPattern(pattern: string, isUnicode: boolean): PatternNode {
  try {
    const ast = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(pattern, 0, pattern.length, {
      unicode: isUnicode,
    });
    return choiceOf(ast.alternatives);
  } catch (error) {
    if (error instanceof PatternError) throw error;
    throw new PatternError('is not a regular expression', { cause: error });
  }
}

function choiceOf(alternatives: readonly AST.Alternative[]): PatternNode {
  const options = alternatives.map(({ elements }): PatternNode => ({ kind: 'sequence', items: elements.map(nodeOf) }));
  return options.length === 1 ? options[0]! : { kind: 'choice', options };
}

function nodeOf(element: AST.Element): PatternNode {
  switch (element.type) {
    case 'Assertion':
      return assertionOf(element);
    case 'Quantifier':
      return repeatOf(nodeOf(element.element), element.min, element.max);
    case 'Group':
    case 'CapturingGroup':
      return choiceOf(element.alternatives);
    case 'Backreference':
      throw new PatternError('refers back to a group; write out what may stand there');
    case 'Character':
      return { kind: 'set', set: [[element.value, element.value]] };
    case 'CharacterSet':
      return { kind: 'set', set: setOf(element) };
    case 'CharacterClass':
      return { kind: 'set', set: classOf(element) };
    default:
      throw new PatternError(`uses ${element.type}, which is not known here`);
  }
}

/** What takes no character, in one way, holds as often as one likes where it holds once. */
function repeatOf(item: PatternNode, min: number, max: number): PatternNode {
  if (max === 0 || (takesNothing(item) && min === 0)) return { kind: 'sequence', items: [] };
  return takesNothing(item) ? item : { kind: 'repeat', item, min, max };
}

function takesNothing(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
    case 'choice':
      return false;
    case 'sequence':
      return node.items.every(takesNothing);
    case 'repeat':
      return takesNothing(node.item);
    default:
      return true;
  }
}

function assertionOf(assertion: AST.Assertion): PatternNode {
  switch (assertion.kind) {
    case 'start':
    case 'end':
      return { kind: assertion.kind };
    case 'word':
      return { kind: assertion.negate ? 'no-boundary' : 'boundary' };
    default:
      throw new PatternError('looks ahead or behind; write alternatives, or use minLength, maxLength and enum');
  }
}

function classOf({ elements, negate }: AST.CharacterClass): CharSet {
  const ranges = elements.flatMap((element): CharSet => {
    if (element.type === 'Character') return [[element.value, element.value]];
    if (element.type === 'CharacterClassRange') return [[element.min.value, element.max.value]];
    if (element.type === 'CharacterSet') return setOf(element);
    throw new PatternError(`uses ${element.type}, which is not known here`);
  });
  const set = charSet(ranges);
  return negate ? invert(set) : set;
}

function setOf(element: AST.CharacterSet): CharSet {
  switch (element.kind) {
    case 'any':
      return invert(LINE_END);
    case 'digit':
      return element.negate ? invert(DIGIT) : DIGIT;
    case 'space':
      return element.negate ? invert(SPACE) : SPACE;
    case 'word':
      return element.negate ? invert(WORD) : WORD;
    case 'property':
      return propertyOf(element.raw);
  }
}

const properties = new Map<string, CharSet>();

/** The properties of Unicode that a pattern names, each once. It takes 50 ms to find out which characters have one. */
export function propertiesIn(pattern: string): readonly string[] {
  return [...new Set(pattern.match(/\\p\{[^}]*\}/gi))];
}

/** The engine itself knows what is in a Unicode property. */
function propertyOf(raw: string): CharSet {
  const known = properties.get(raw) ?? (raw === '\\p{Any}' ? ANY : charSetOf(new RegExp(`^${raw}$`, 'u')));
  properties.set(raw, known);
  return known;
}
