import { isJsonObject } from './json/json.js';
import type { JsonValue } from './json/json.js';

/**
 * The value at a dotted path of an object, e.g. `overall.f1`. A key that itself holds dots is found too
 * (`class.node.js.f1`): the longest key that exists wins at each step.
 *
 * @returns undefined when nothing is there.
 */
export function valueAt(root: JsonValue, path: string): JsonValue | undefined {
  if (!isJsonObject(root)) return undefined;
  if (Object.hasOwn(root, path)) return root[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot);
    if (!Object.hasOwn(root, head)) continue;
    const found = valueAt(root[head]!, path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How far a path leads: the value at its longest prefix that exists, for saying what can be asked instead. */
export function lastObjectAt(root: JsonValue, path: string): { path: string; keys: string[] } {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const prefix = path.slice(0, end);
    const found = valueAt(root, prefix);
    if (isJsonObject(found)) return { path: prefix, keys: Object.keys(found) };
  }
  return { path: '', keys: isJsonObject(root) ? Object.keys(root) : [] };
}
