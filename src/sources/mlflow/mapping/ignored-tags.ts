import { warning } from '../../../domain/verdict.js';
import type { Warning } from '../../../domain/verdict.js';
import { nearestName } from '../../../lib/nearest-name.js';
import { columnName } from './model-field.js';
import type { ModelField } from './model-field.js';
import { CARD_TAGS, DATE_TAG, MISSING_TAG, TAG_PREFIX } from './tags.js';

/** More are counted, not listed. */
const MAX_LISTED = 8;

/**
 * Tags of a run whose names begin with `bestrun.` and that have no effect, each with the reason: somebody wrote them to be
 * heard.
 *
 * @param columns  of the signature; undefined when none was logged.
 * @param place  of the contract whose `encode` counts in their place, if there is one.
 */
export function ignoredTags(
  tags: Readonly<Record<string, string>>,
  columns: readonly ModelField[] | undefined,
  place?: string,
): Warning[] {
  const named = Object.keys(tags).filter((name) => name.startsWith(TAG_PREFIX));
  const found = named.flatMap((name) => {
    const cause = causeOf(name, columns, place);
    return cause === undefined ? [] : [`The tag ${JSON.stringify(name)} has no effect: ${cause}.`];
  });
  const listed = found.slice(0, MAX_LISTED).map((message) => warning('TAG_IGNORED', message));
  const more = found.length - listed.length;
  return more > 0 ? [...listed, warning('TAG_IGNORED', `${more} more tags have no effect.`)] : listed;
}

/** Tags of an experiment or registered model whose names begin with `bestrun.` and are not known, as sentences. */
export function unknownCardTags(tags: Readonly<Record<string, string>>): string[] {
  const known: string[] = Object.values(CARD_TAGS);
  const unknown = Object.keys(tags).filter((name) => name.startsWith(TAG_PREFIX) && !known.includes(name));
  return unknown.slice(0, MAX_LISTED).map((name) => {
    const isOfRuns = name.startsWith(MISSING_TAG) || name.startsWith(DATE_TAG);
    const cause = isOfRuns ? 'it belongs to the run' : `there is no such tag${suggestion(name, known)}`;
    return `The tag ${JSON.stringify(name)} has no effect: ${cause}.`;
  });
}

function causeOf(name: string, columns: readonly ModelField[] | undefined, place?: string): string | undefined {
  if ((Object.values(CARD_TAGS) as string[]).includes(name)) {
    return 'it belongs to the experiment or the registered model, not to a run';
  }
  const prefix = [MISSING_TAG, DATE_TAG].find((one) => name.startsWith(one));
  if (prefix === undefined) return `there is no such tag${suggestion(name, knownTags(columns))}`;
  if (place !== undefined) return `"encode" in ${place} says how columns reach the model`;
  if (!columns) return undefined;
  const column = columns.find((field) => columnName(field) === name.slice(prefix.length));
  if (!column) return `the signature has no such column${suggestion(name, knownTags(columns))}`;
  if (column.shape.length > 0) return 'the column holds lists';
  if (prefix === DATE_TAG) return column.format === 'date-time' ? undefined : 'the column is no datetime';
  return column.isRequired ? 'the signature says that the column is required' : undefined;
}

function suggestion(name: string, known: Iterable<string>): string {
  const meant = nearestName(name, known);
  return meant === undefined ? '' : `; ${JSON.stringify(meant)} is probably meant`;
}

/** Those that may be set on a run with these columns. */
function knownTags(columns: readonly ModelField[] = []): string[] {
  return columns.flatMap((field) => {
    const missing = field.isRequired ? [] : [MISSING_TAG];
    const date = field.format === 'date-time' ? [DATE_TAG] : [];
    return [...missing, ...date].map((prefix) => prefix + columnName(field));
  });
}
