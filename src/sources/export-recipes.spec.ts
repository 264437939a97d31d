import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { WARNING_FIX } from '../domain/verdict.js';
import { EXPORT_RECIPES, LOG_MODEL } from './export-recipes.js';
import { readMlModel } from './mlflow/mapping/ml-model.js';
import { servableArtifact } from './mlflow/mapping/servable-artifact.js';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'mlflow.md'), 'utf8');

describe('the lines that make ONNX of a model', () => {
  it.each(EXPORT_RECIPES.map((recipe) => [recipe.id, recipe] as const))(
    'of %s are those of docs/mlflow.md',
    (_id, recipe) => {
      const { imports, code, of } = recipe;

      expect(page).toContain(`${of}.\n\n\`\`\`python\n${[...imports, ...code].join('\n')}\n\`\`\``);
    },
  );

  it('that log a model and its examples are those of docs/mlflow.md', () => {
    const [logExamples] = /mlflow\.log_dict\(.*\)/.exec(WARNING_FIX.ANSWERS_UNPROVEN)!;

    expect(page).toContain(`${LOG_MODEL}  # artifact_path= in 2.x\n${logExamples}\n`);
  });

  it('are told to the owner of a model of their flavor, by what its rows hold', () => {
    const fixOf = (signature: string) => servableArtifact(readMlModel(`flavors: {sklearn: {}}\n${signature}`));

    expect(fixOf('')).toMatchObject({ fix: expect.stringContaining(EXPORT_RECIPES[0]!.code[0]!) as string });
    expect(fixOf(`signature: {inputs: '[{"name": "sex", "type": "string"}]'}`)).toMatchObject({
      fix: expect.stringContaining('StringTensorType') as string,
    });
  });
});
