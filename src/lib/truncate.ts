/** Longest piece of a client's own words that an answer repeats, UTF-16 units. */
const MAX_REPEATED = 200;

/** A client's own words, fit to be repeated in an answer: a megabyte of them must not come back as a megabyte. */
export function truncate(text: string): string {
  return text.length > MAX_REPEATED ? `${text.slice(0, MAX_REPEATED)}…` : text;
}
