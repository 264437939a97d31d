import { MAX_ISSUES } from '../../domain/validation-issue.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { rowListOf } from '../reading-messages.js';
import type { BodyForm, BodyOutline } from '../reading-messages.js';

// The main thread checks a body's own members, such as `include`, and must not get 10 MB of them. What it gets is cut
// where no check can tell the difference: no rule of a member looks at the millionth item or character.

/** Members of a body, items of a list, characters of a text. */
const [MAX_MEMBERS, MAX_ITEMS, MAX_CHARACTERS] = [10_000, 1_001, 1_000];

/** What a body says besides its rows. */
export function outlineOf(body: JsonValue | undefined, form: BodyForm): BodyOutline {
  if (!isJsonObject(body))
    return { body: Array.isArray(body) ? [] : short(body ?? null), rows: undefined, oddItems: [] };
  if (form === 'row') return { body: members(body), rows: 1, oddItems: [] };
  const list = rowListOf(body, form);
  const rows = list === undefined ? undefined : (body[list] as JsonValue[]);
  return {
    body: members(body),
    rows: rows?.length,
    oddItems: rows && form === 'texts' ? oddTexts(rows) : [],
  };
}

function members(body: JsonObject): JsonObject {
  const outline: JsonObject = {};
  for (const key of Object.keys(body).slice(0, MAX_MEMBERS)) {
    const value = key === 'columns' ? names(body[key]!) : short(body[key]!);
    Object.defineProperty(outline, key.slice(0, MAX_CHARACTERS), {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return outline;
}

/** Names of columns: all that a request may have, and one more. */
function names(value: JsonValue): JsonValue {
  return Array.isArray(value) ? value.slice(0, MAX_MEMBERS + 1).map((item) => short(item, true)) : short(value);
}

function short(value: JsonValue, isInner = false): JsonValue {
  if (typeof value === 'string') return value.slice(0, MAX_CHARACTERS);
  if (Array.isArray(value)) return isInner ? [] : value.slice(0, MAX_ITEMS).map((item) => short(item, true));
  return isJsonObject(value) ? {} : value;
}

function oddTexts(rows: readonly JsonValue[]): [number, JsonValue][] {
  const odd: [number, JsonValue][] = [];
  for (let i = 0; i < rows.length && odd.length < MAX_ISSUES; i++) {
    const item = rows[i]!;
    if (isJsonObject(item) && Object.hasOwn(item, 'text') && typeof item.text === 'string' && item.text !== '')
      continue;
    odd.push([i, isJsonObject(item) ? members(item) : short(item, true)]);
  }
  return odd;
}
