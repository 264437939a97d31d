/** Longest piece of a client's own words that an answer repeats, UTF-16 units. */
const MAX_REPEATED = 200;

/** Truncates a client's text for an answer, so that a megabyte of it is not sent back. */
export function truncate(text: string): string {
  return text.length > MAX_REPEATED ? `${text.slice(0, MAX_REPEATED)}…` : text;
}
