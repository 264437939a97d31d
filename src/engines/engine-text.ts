import { truncate } from '../lib/truncate.js';

/** Longest text of an engine that a verdict repeats, UTF-16 units. */
const MAX_CHARS = 400;

/** What engines' texts hold that says nothing to the owner of a run: places in their source, signatures, traces. */
const PATTERNS: readonly RegExp[] = [
  /\n\s+at .*/g,
  /^Error:\s*/,
  /^Load model from .*? failed:\s*/s,
  /^Exception during initialization:\s*/,
  // `/onnxruntime_src/…/tokenizer.cc:152 onnxruntime::contrib::Tokenizer::Tokenizer(const …&)`
  /\S*[\w.]+\.(?:cc|h|cpp|hpp):\d+\s+(?:\S+ )*?(?:\w+::)+~?\w+\([^\n]*?\)(?:::<lambda\([^)]*\)>)?(?:\s*const)?\s*/g,
  /\S+\.(?:cc|h|cpp|hpp):\d+\s*/g,
];

/** A path of this machine, of which only the name of the file is kept. */
const PATH = /(?:[a-z]:)?(?:[\\/][^\\/\s"':;,()[\]]+)+[\\/]([^\\/\s"':;,()[\]]+)/gi;

/**
 * The text of an engine's error, fit to be published in a verdict: one line, without paths, traces and places in the
 * engine's source.
 */
export function engineText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const bare = PATTERNS.reduce((rest, pattern) => rest.replace(pattern, ''), text).replace(PATH, '$1');
  const line = bare.replace(/\s+/g, ' ').trim();
  return truncate(line, MAX_CHARS);
}
