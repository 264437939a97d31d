import accepts from 'accepts';

const JSON_TYPES = ['application/json', 'application/problem+json'];
const PROBLEM = /\bapplication\/problem\+json\b/i;

/** Results by header text. Bounded, because a client may send any number of different ones. */
const known = new Map<string, boolean>();
const MAX_KNOWN = 200;

/** Whether a client that sends this Accept header takes JSON (RFC 9110, 12.5.1). A missing header takes anything. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const before = known.get(accept);
  if (before !== undefined) return before;
  const answer = accepts({ headers: { accept } } as never).types(JSON_TYPES) !== false;
  if (known.size < MAX_KNOWN) known.set(accept, answer);
  return answer;
}

/** Whether a client asks for errors as RFC 9457 problem details. */
export function wantsProblemDetails(accept: string | undefined): boolean {
  return accept !== undefined && PROBLEM.test(accept);
}
