/** What the document says of the API as a whole. */
export const API_TITLE = 'bestrun';

export const API_DESCRIPTION = `Serves the best run of each trained model as a REST API: rows in, predictions out. No tensors.

**Answers.** Every JSON answer has the same envelope: \`message\`, \`method\`, \`status-code\` (always the HTTP status), \`timestamp\` (UTC), \`url\` and \`data\`.
Only \`GET /predict\`, \`PUT /predict\` and the documents of this API answer without it. Numbers that JSON cannot hold (NaN, Infinity) are \`null\`.

**Errors.** The same envelope with \`detail\` in place of \`data\`: a sentence, or for a request that breaks the contract (422) the list of all its problems, each with the place (\`loc\`), the rule (\`msg\`) and a word for programs (\`type\`).
The \`X-Error-Code\` header has the error's code. Send \`Accept: application/problem+json\` to get errors as RFC 9457 problem details.

**Request ids.** Every answer carries \`X-Request-Id\`. Send your own (letters, digits, \`. : _ -\`, at most 128) and it is kept; name it when you report a problem.

**Methods.** \`GET\` routes also answer \`HEAD\`; every route answers \`OPTIONS\` with \`Allow\`. \`PUT\` of a prediction does the same as \`POST\` and may be repeated safely.`;

/** Sections, in the order they are shown. */
export const API_TAGS: readonly (readonly [name: string, description: string])[] = [
  ['General', 'Whether the server is there, alive and ready.'],
  ['Models', 'What can be predicted, and why each model is served with the run it is served with.'],
  ['Runs', 'Training runs: their reports, parameters and verdicts.'],
  ['Prediction', 'Rows in, predictions out. Each model has operations of its own, with its own fields.'],
  ['Parameters', "Hyper-parameters of the default model's best run."],
  ['Performance', "Held-out performance of the default model's best run."],
  ['Operation', 'For operators: refresh, pin, roll back. Needs the key that the operator set as `ADMIN_API_KEY`.'],
  ['Documentation', 'This document in several forms.'],
];

/** Where a key is sent. Documented even when no key is set, because the names are part of the API. */
const KEY_USE = 'Used only where the operator configures keys; requests need none otherwise.';

export const API_KEY_HEADER = { type: 'apiKey', in: 'header', name: 'X-API-Key', description: KEY_USE } as const;
