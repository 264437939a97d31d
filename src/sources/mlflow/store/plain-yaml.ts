/**
 * How YAML of MLflow is read: every scalar stays a text. Comparing each key with all others, and showing the place of
 * each error, would take time by the square of the text.
 */
export const YAML_OPTIONS = {
  schema: 'failsafe',
  maxAliasCount: 10,
  logLevel: 'silent',
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/** Lists and mappings inside each other; deeper ones would end the process for want of stack. */
const MAX_DEPTH = 64;
/** Explicit keys (`? key`), which Python writes only for keys of more than 128 characters. */
const MAX_EXPLICIT_KEYS = 8;

/** Several list or key marks on one line, each of which opens a level. */
const NESTED_MARKS = /(?:[-?:][ \t]+){16}/;
/** Tags or anchors after each other. */
const MARKS_IN_A_ROW = /(?:[&!][^\s]*\s+){3}[&!]/;
/** Commas with nothing in between. */
const EMPTY_ENTRIES = /,\s*,\s*,\s*,/;
const EXPLICIT_KEY = /^[ \t]*(?:-[ \t]+)*\?(?=\s|$)|[[{,][ \t]*\?(?=\s)/gm;

/**
 * Whether a text is YAML as Python writes it, as far as that matters: none of the forms that the YAML library reads in
 * more than linear time, or not at all. Takes linear time itself.
 */
export function isPlainYaml(text: string): boolean {
  if (NESTED_MARKS.test(text) || MARKS_IN_A_ROW.test(text) || EMPTY_ENTRIES.test(text)) return false;
  if ((text.match(EXPLICIT_KEY)?.length ?? 0) > MAX_EXPLICIT_KEYS) return false;
  return isShallow(text);
}

/** Counts brackets, also those in texts: JSON in a text, as in a signature, closes what it opens. */
function isShallow(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > MAX_DEPTH) return false;
    } else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1);
  }
  return true;
}
