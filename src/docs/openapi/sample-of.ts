import type { Schema } from './openapi-types.js';

/** Depth below which nothing is filled in: references may be circular. */
const MAX_DEPTH = 12;

/**
 * A value that a schema describes, made of its own examples; for answers that have none written.
 *
 * @param schemas  component schemas by name.
 */
export function sampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>, depth = 0): unknown {
  if (depth > MAX_DEPTH) return null;
  const inner = (part: unknown) => sampleOf(part as Schema, schemas, depth + 1);
  if (typeof schema.$ref === 'string') return inner(schemas[schema.$ref.split('/').at(-1)!] ?? {});
  const { example, examples, default: fallback } = schema;
  for (const value of [example, (examples as unknown[] | undefined)?.[0], schema.const, fallback]) {
    if (value !== undefined) return value;
  }
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (Array.isArray(schema.allOf)) {
    const parts = schema.allOf.map(inner);
    return parts.length === 1 ? parts[0] : (Object.assign({}, ...parts) as unknown);
  }
  const branches = (schema.oneOf ?? schema.anyOf) as unknown[] | undefined;
  // Beside properties, branches only say which of them go together.
  if (branches && !schema.properties) return inner(branches[0]);
  return sampleOfType(schema, inner);
}

function sampleOfType(schema: Schema, inner: (part: unknown) => unknown): unknown {
  switch ([schema.type].flat()[0]) {
    case 'object': {
      const fields = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
      return Object.fromEntries(fields.map(([name, field]) => [name, inner(field)]));
    }
    case 'array':
      return schema.items ? [inner(schema.items)] : [];
    case 'string':
      return schema.format === 'date-time' ? '2026-01-31T12:00:00.000Z' : 'text';
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    default:
      return null;
  }
}
