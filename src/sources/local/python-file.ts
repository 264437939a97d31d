import { posix } from 'node:path';

import { fileLines, recipeFor } from '../export-recipes.js';

/** The flavor of what a file with this ending holds, as a rule. */
const FLAVORS: ReadonlyMap<string, string> = new Map([
  ['.keras', 'keras'],
  ['.h5', 'keras'],
  ['.hdf5', 'keras'],
  ['.pkl', 'sklearn'],
  ['.pickle', 'sklearn'],
  ['.joblib', 'sklearn'],
  ['.pt', 'pytorch'],
  ['.pth', 'pytorch'],
]);

/** What to do about an artifact that only Python can load, by its name; undefined for any other. */
export function exportOfPythonFile(path: string): string | undefined {
  const flavor = FLAVORS.get(posix.extname(path).toLowerCase());
  const recipe = flavor && recipeFor([flavor], false);
  if (!recipe) return undefined;
  const lines = fileLines(recipe).join('; ');
  return `Export the model to ONNX (${recipe.of}: ${lines}) and name that file; docs/mlflow.md has the lines for other models, and what they import.`;
}
