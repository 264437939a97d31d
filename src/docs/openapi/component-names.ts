/** What every name of a model's components and operations is made of. */
export interface ModelNames {
  readonly input: string;
  readonly output: string;
  readonly primary: string;
  readonly request: string;
  readonly predictions: string;
  readonly answer: string;
  readonly postId: string;
  readonly putId: string;
  readonly getId: string;
}

/**
 * Names for one model, e.g. `TitanicSurvivalInput` for `titanic-survival`. A number is added when another model or a
 * fixed part of the document has one of them.
 *
 * @param taken  names in use, compared without case because some generators write one file each; this model's are added.
 */
export function nameComponents(model: string, taken: Set<string>): ModelNames {
  const word = toWord(model);
  for (let i = 1; ; i++) {
    const names = namesFrom(i === 1 ? word : `${word}_${i}`);
    const lower = Object.values<string>({ ...names }).map((name) => name.toLowerCase());
    if (lower.some((name) => taken.has(name))) continue;
    for (const name of lower) taken.add(name);
    return names;
  }
}

function namesFrom(word: string): ModelNames {
  return {
    input: `${word}Input`,
    output: `${word}Output`,
    primary: `${word}PrimaryOutput`,
    request: `${word}PredictionsRequest`,
    predictions: `${word}Predictions`,
    answer: `${word}PredictionsAnswer`,
    postId: `predict${word}`,
    putId: `putPredict${word}`,
    getId: `predict${word}FromQuery`,
  };
}

/** `titanic-survival` → `TitanicSurvival`; starts with a letter, so that every generator takes it. */
function toWord(model: string): string {
  const word = model
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
  return /^[A-Za-z]/.test(word) ? word : `Model${word}`;
}
