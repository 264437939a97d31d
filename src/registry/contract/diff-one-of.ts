import type { FieldAlternative, OutputRowSchema } from '../../domain/signature.js';
import type { AddDifference } from './contract-diff.js';

/** The difference between which alternatives of fields the rows must give. */
export function diffOneOf(current: OutputRowSchema, candidate: OutputRowSchema, add: AddDifference): void {
  const [was, is] = [toText(current.oneOf), toText(candidate.oneOf)];
  if (was === is) return;
  const isExtended = !candidate.oneOf || acceptsAll(current, candidate.oneOf);
  add('/input/oneOf', isExtended ? 'wider' : 'narrower', `Rows must give exactly one of ${is} now, of ${was} before.`);
}

/** Whether every row that keeps the current contract has the fields of exactly one alternative. */
function acceptsAll(current: OutputRowSchema, alternatives: readonly FieldAlternative[]): boolean {
  const choices = current.oneOf ?? [{ required: [] }];
  return choices.every((choice) => {
    const sure = new Set([...(current.required ?? []), ...choice.required]);
    const possible = new Set(Object.keys(current.properties));
    for (const other of choices) {
      // What would choose another alternative alone is not there.
      if (other !== choice && other.required.length === 1) possible.delete(other.required[0]!);
    }
    const within = (fields: ReadonlySet<string>) =>
      alternatives.filter(({ required }) => required.every((name) => fields.has(name))).length;
    return within(sure) === 1 && within(possible) === 1;
  });
}

function toText(alternatives: readonly FieldAlternative[] | undefined): string {
  if (!alternatives) return 'nothing';
  return alternatives
    .map(({ required }) =>
      [...required]
        .sort()
        .map((name) => JSON.stringify(name))
        .join(' with '),
    )
    .sort()
    .join(', ');
}
