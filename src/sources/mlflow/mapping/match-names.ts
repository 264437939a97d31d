import type { TensorSpec } from '../../../domain/tensor.js';
import type { ModelField } from './model-field.js';

/** Ways in which exporters rewrite names: `home.dest` → `home_dest`, `fare paid (GBP)` → `fare_paid__GBP_`. */
const RULES: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.replaceAll(/[^A-Za-z0-9_]/g, '_'),
  (name) =>
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replaceAll(/^_|_$/g, ''),
];

/**
 * Which tensor each field is: the one of its name, or else of the name that an exporter made of it, when that says which
 * one is meant.
 *
 * @returns without the fields that have no tensor.
 */
export function matchNames(
  fields: readonly ModelField[],
  tensors: readonly TensorSpec[],
): ReadonlyMap<ModelField, TensorSpec> {
  const matched = new Map<ModelField, TensorSpec>();
  for (const rewrite of RULES) {
    const taken = new Set(matched.values());
    const free = groupBy(
      tensors.filter((tensor) => !taken.has(tensor)),
      ({ name }) => rewrite(name),
    );
    const open = groupBy(
      fields.filter((field) => !matched.has(field)),
      ({ name }) => name && rewrite(name),
    );
    for (const [name, [field, ...others]] of open) {
      const [tensor, ...otherTensors] = free.get(name) ?? [];
      if (tensor && others.length === 0 && otherTensors.length === 0) matched.set(field!, tensor);
    }
  }
  return matched;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (!key) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
