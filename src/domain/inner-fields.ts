import type { OutputFieldSchema } from './signature.js';

/**
 * A field with `change` made to the schemas of what is inside it: the items of a list, the members of an object. The
 * order of its keywords stays.
 */
export function mapInnerFields<Field extends OutputFieldSchema>(
  field: Field,
  change: (inner: OutputFieldSchema) => OutputFieldSchema,
): Field {
  const { items, properties, additionalProperties: others } = field as OutputFieldSchema;
  const members = properties && Object.entries(properties).map(([name, member]) => [name, change(member)] as const);
  return {
    ...field,
    ...(items && { items: change(items) }),
    ...(members && { properties: Object.fromEntries(members) }),
    ...(typeof others === 'object' && { additionalProperties: change(others) }),
  };
}
