/** Longest piece of a client's own words that an answer repeats, UTF-16 units. */
const MAX_REPEATED = 200;

/**
 * Truncates a text, such as a client's for an answer, so that a megabyte of it is not sent back.
 *
 * @param most  longest text that stays as it is, UTF-16 units.
 */
export function truncate(text: string, most = MAX_REPEATED): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
