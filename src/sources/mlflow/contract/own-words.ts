import type { RunContract } from './run-contract.js';

/** What this project calls the parts of a run, and what the owner of an MLflow run calls them. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\/encode\/tensors\/\d+\/columns\/\d+: /g, ''],
  [/\/(?:encode|decode|signature)\S*: /g, ''],
  [/\bEncode makes\b/g, 'The signature feeds'],
  [/, which encode does not make/g, ', which the signature does not feed'],
  [/\bin encode\b/g, 'as the signature feeds it'],
  [/\bDecode reads\b/g, 'The signature names'],
  [/\bdecode needs\b/g, 'the signature needs'],
  [/\b[Ee]ncode\b/g, 'the signature'],
  [/\b[Dd]ecode\b/g, 'the signature'],
];

/**
 * A message about the parts of a run in the words of its owner: with the file that a JSON pointer is about when there is
 * a contract; of the signature when there is none, because then nobody wrote an `encode`.
 */
export function inWordsOf(contract: RunContract | undefined, message: string): string {
  if (contract?.encode || contract?.decode) return message.startsWith('/') ? `${contract.place} ${message}` : message;
  return WORDS.reduce((text, [pattern, word]) => text.replace(pattern, word), message);
}
