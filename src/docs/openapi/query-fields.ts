import type { Parameter, Schema } from './openapi-types.js';

/** Fields of a row that are parameters of their own; nobody types more into an address. */
export const MAX_QUERY_FIELDS = 100;

/** One parameter that stands for all fields beyond these. */
export function otherFields(count: number, row: Schema = { type: 'object' }): Parameter {
  return {
    name: 'fields',
    in: 'query',
    required: false,
    description: `The ${count} other fields, each under its own name (\`?a=1&b=2\`). Rows this wide are better sent by POST.`,
    schema: row,
    style: 'form',
    explode: true,
  };
}
