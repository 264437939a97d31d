import type { RunContract } from './run-contract.js';

/** What this project calls the parts of a run, and what the owner of an MLflow run calls them. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /Did the trainer scale its inputs\? No column of encode does \(([^)]*)\): add subtract and divide, or export the scaler with the model\./,
    'Did the trainer scale its inputs? They go in as they are ($1): export the pipeline with its scaler, or write its numbers in a full contract (docs/mlflow.md).',
  ],
  [
    /check "missing" of ("[^"]*") in encode, the value that training had in its place\./,
    'export what training put in its place with the model, or say it in a full contract (docs/mlflow.md, "missing" of $1).',
  ],
  [/check the order of decode\S*\.(?:fields|labels)\./, "check the order of the signature's outputs."],
  [/check decode\S*\.fields\./, "check the names of the signature's outputs."],
  [/or name the labels in decode \(([^)]*)\)\./, 'or name the labels in a full contract (docs/mlflow.md: $1).'],
  [/, set decode to (\{.*?\})\./, ', say so in a full contract (docs/mlflow.md), by $1.'],
  [
    /Set ("multiply": \S+|"multiply": \S+, "add": \S+) in decode,/,
    'Set $1 of a regression in a full contract (docs/mlflow.md),',
  ],
  [
    /with the columns of encode in the order (.*)\./,
    "with the columns in the order $1: log the signature of a data frame in this order, the training's.",
  ],
  [/: set decode\.threshold\./, ': the model has no such threshold, which a full contract sets (docs/mlflow.md).'],
  [
    /Set the limits that the message names in the signature:/,
    'Write the limits that the message names into the signature of a contract (bestrun/run.json, docs/mlflow.md):',
  ],
  [/, which "subtract" in encode can make\./, ', before the export, or in a full contract (docs/mlflow.md).'],
  [
    /The loaded run does not repeat its own examples: check encode, decode and the examples' values,/,
    'The model does not answer what was logged: export all that the trainer computes (scaler, activation, threshold), or say it in a full contract (docs/mlflow.md); check the outputs that were logged,',
  ],
  [/Make signature, encode and decode name/, 'Make the signature name'],
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
 * A message or an advice about the parts of a run in the words of its owner: with the file that a JSON pointer is about when there is
 * a contract; of the signature when there is none, because then nobody wrote an `encode`.
 */
export function inWordsOf(contract: RunContract | undefined, message: string): string {
  if (contract?.encode || contract?.decode) return message.startsWith('/') ? `${contract.place} ${message}` : message;
  return WORDS.reduce((text, [pattern, word]) => text.replace(pattern, word), message);
}
