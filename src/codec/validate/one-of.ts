import type { FieldAlternative, RowSchema } from '../../domain/signature.js';
import { exactlyOneOf } from './issues.js';
import type { Issue } from './issues.js';
import { pointerTo } from './schema-check.js';

/**
 * Compiles the rule that a row has the fields of exactly one alternative.
 *
 * @param alternatives  `oneOf` of a checked schema.
 * @returns what is wrong with a row as it was given: of none of the alternatives all fields, or of several.
 */
export function compileOneOf(alternatives: readonly FieldAlternative[]): (given: object) => Issue | undefined {
  const issue = exactlyOneOf(alternatives.map(({ required }) => required));
  return (given) => {
    let count = 0;
    for (const { required } of alternatives) if (required.every((name) => Object.hasOwn(given, name))) count++;
    return count === 1 ? undefined : issue;
  };
}

/** Contradictions between `oneOf` and the rest of a row schema, as sentences. */
export function oneOfConflicts({ oneOf = [], properties, required = [] }: RowSchema, pointer: string): string[] {
  return oneOf.flatMap((alternative, i) =>
    alternative.required.flatMap((name) => {
      const place = `${pointerTo(`${pointer}/oneOf`, String(i))}/required`;
      if (!Object.hasOwn(properties, name)) return [`${place}: "${name}" is not in properties`];
      if (required.includes(name)) return [`${place}: "${name}" is required already, so it chooses nothing`];
      const { type, default: fallback } = properties[name]!;
      if (typeof type !== 'string' || fallback !== undefined) {
        return [`${place}: "${name}" must have neither a default nor null, because to give it is to choose`];
      }
      return [];
    }),
  );
}
