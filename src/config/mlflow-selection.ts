import type { MetricGoal } from '../domain/card.js';

/** One experiment or registered model that is to be served as a model, as an operator wrote it. */
export interface MlflowItem {
  /** Its name in MLflow; undefined for all (`*`). */
  readonly name: string | undefined;
  /** Alias whose version is served (`name@champion`), or `latest`; registered models only. */
  readonly alias?: string;
  /** Name here; derived from the one in MLflow unless given. */
  readonly as?: string;
  readonly metric?: string;
  readonly goal?: MetricGoal;
}

const KEYS = ['name', 'metric', 'goal'];

/**
 * Reads a list such as `titanic?metric=f1&goal=maximize, house prices?name=house-price`. Commas separate; commas,
 * `?`, `@`, `&` and `%` inside a name are percent-encoded.
 *
 * @returns undefined when an item cannot be read.
 */
export function parseMlflowItems(text: string): MlflowItem[] | undefined {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
    .map(parseItem);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function parseItem(text: string): MlflowItem | undefined {
  const [, encoded, alias, query = ''] = /^([^?@]+)(?:@([A-Za-z0-9_-]+))?(?:\?(.*))?$/.exec(text) ?? [];
  const name = encoded === undefined ? undefined : decode(encoded.trim());
  if (name === undefined) return undefined;
  const options = new URLSearchParams(query);
  if ([...options.keys()].some((key) => !KEYS.includes(key))) return undefined;
  const [as, metric, goal] = KEYS.map((key) => options.get(key) ?? undefined);
  if (as !== undefined && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(as)) return undefined;
  if (goal !== undefined && goal !== 'maximize' && goal !== 'minimize') return undefined;
  if (name === '*' && as !== undefined) return undefined;
  return {
    name: name === '*' ? undefined : name,
    ...(alias !== undefined && { alias }),
    ...(as !== undefined && { as }),
    ...(metric !== undefined && { metric }),
    ...(goal !== undefined && { goal }),
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
