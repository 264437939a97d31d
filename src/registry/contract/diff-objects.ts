import { pointerTo } from '../../codec/validate/schema-check.js';
import type { OutputFieldSchema } from '../../domain/signature.js';
import type { AddDifference } from './contract-diff.js';

/** Compares two schemas of the same value. */
type DiffField = (
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
) => void;

/**
 * Adds the differences between the members of two objects. Only outputs hold objects: a member that is gone breaks
 * clients, and one that is new does not.
 */
export function diffObjects(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
  diffField: DiffField,
): void {
  const [was, is] = [membersOf(current), membersOf(candidate)];
  for (const [name, field] of was.fields) {
    const member = `${subject}, member "${name}"`;
    const place = pointerTo(`${pointer}/properties`, name);
    const other = is.fields.get(name) ?? is.others;
    if (other === undefined) add(place, 'other', `${member}, is gone.`);
    else {
      if (was.required.has(name) && !is.required.has(name)) add(place, 'wider', `${member}, may be absent now.`);
      if (!was.required.has(name) && is.required.has(name)) add(place, 'narrower', `${member}, is always there now.`);
      diffField(member, field, other, place, add);
    }
  }
  for (const name of is.fields.keys()) {
    if (!was.fields.has(name) && !was.others)
      add(pointerTo(`${pointer}/properties`, name), 'harmless', `${subject}, member "${name}", is new.`);
  }
  diffOthers(subject, was.others, is.others, `${pointer}/additionalProperties`, add, diffField);
}

/** What is said of the members that an object does not name: one schema for all, or nothing. */
function diffOthers(
  subject: string,
  was: OutputFieldSchema | undefined,
  is: OutputFieldSchema | undefined,
  pointer: string,
  add: AddDifference,
  diffField: DiffField,
): void {
  if (was && is)
    diffField(`Each other member of ${subject.charAt(0).toLowerCase()}${subject.slice(1)}`, was, is, pointer, add);
  else if (was) add(pointer, 'other', `${subject} has no members by other names now.`);
  else if (is) add(pointer, 'harmless', `${subject} may have members by other names now.`);
}

interface Members {
  readonly fields: ReadonlyMap<string, OutputFieldSchema>;
  readonly required: ReadonlySet<string>;
  /** Of each member that is not named; undefined when nothing is said of them. */
  readonly others: OutputFieldSchema | undefined;
}

function membersOf({ properties = {}, required, additionalProperties: others }: OutputFieldSchema): Members {
  return {
    fields: new Map(Object.entries(properties)),
    required: new Set(required),
    others: typeof others === 'object' ? others : undefined,
  };
}
