import type { ErrorObject } from 'ajv/dist/2020.js';

/**
 * Of a value that fits none of several forms, Ajv tells what each form lacks, which contradict each other. This leaves
 * what the form that fits best lacks; where none is closer than the others, one error names them all.
 *
 * @param errors  of one validation with `allErrors` and `verbose`, in Ajv's order: those of the branches, then their union's.
 */
export function withBestBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const kept: ErrorObject[] = [];
  for (const error of errors) {
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') {
      kept.push(error);
      continue;
    }
    const start = startOfBranches(kept, error.instancePath);
    const branches = kept.splice(start);
    kept.push(...(branches.length > 0 ? bestOf(branches, error) : [error]));
  }
  return kept;
}

/** The errors of a union's branches come right before its own, at its place or below. */
function startOfBranches(errors: readonly ErrorObject[], place: string): number {
  let start = errors.length;
  while (start > 0) {
    const { instancePath } = errors[start - 1]!;
    if (instancePath !== place && !instancePath.startsWith(`${place}/`)) break;
    start--;
  }
  return start;
}

function bestOf(branches: readonly ErrorObject[], union: ErrorObject): ErrorObject[] {
  const fitting = branches.filter(
    (error) => error.instancePath !== union.instancePath || hasRightType(error, union.data),
  );
  if (fitting.length > 1 && fitting.every(({ keyword }) => keyword === 'required'))
    return [anyRequired(fitting, union)];
  if (fitting.length > 0) return fitting;
  const variants = branches.map(formOf).filter((form) => form !== undefined);
  return [{ ...union, message: `must be ${[...new Set(variants)].join(' or ')}` }];
}

/** Each branch needs another field. */
function anyRequired(errors: readonly ErrorObject[], union: ErrorObject): ErrorObject {
  const names = errors.map(({ params }) => JSON.stringify((params as Record<string, unknown>).missingProperty));
  return { ...union, message: `must have the field ${names.join(' or ')}` };
}

/** Whether a branch takes values of this type, and refuses the value for something else. */
function hasRightType({ keyword, params }: ErrorObject, value: unknown): boolean {
  const { type, allowedValues, allowedValue } = params as Record<string, unknown>;
  if (keyword === 'type') return type === 'integer' && typeof value === 'number';
  if (keyword === 'enum') return (allowedValues as unknown[]).some((allowed) => typeof allowed === typeof value);
  if (keyword === 'const') return typeof allowedValue === typeof value;
  return true;
}

function formOf({ keyword, params }: ErrorObject): string | undefined {
  const { type, allowedValues, allowedValue } = params as Record<string, unknown>;
  if (keyword === 'type') return [type].flat().join(' or ');
  if (keyword === 'enum') return (allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(' or ');
  return keyword === 'const' ? JSON.stringify(allowedValue) : undefined;
}
