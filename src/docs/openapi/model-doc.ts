import { inputsMeantBy } from '../../domain/choose-input.js';
import { acceptsTexts } from '../../domain/text-input.js';
import type { Run } from '../../domain/run.js';
import type { ReadyModel } from '../../registry/model-registry.service.js';
import { nameComponents } from './component-names.js';
import type { ModelNames } from './component-names.js';
import type { OpenApiDocument } from './openapi-types.js';

/** A model with the run that served it at one moment. */
export type DocumentedModel = Readonly<Pick<ReadyModel, 'card' | 'best'>>;

/** A served model as the document speaks of it. */
export interface ModelDoc {
  readonly model: DocumentedModel;
  readonly run: Run;
  readonly names: ModelNames;
  /** Path of its predictions. */
  readonly path: string;
}

/** The served models, with names that nothing else in the document has. */
export function describeModels(models: readonly DocumentedModel[], document: OpenApiDocument): ModelDoc[] {
  const taken = new Set(namesIn(document).map((name) => name.toLowerCase()));
  return models.map((model) => ({
    model,
    run: model.best.registered.run,
    names: nameComponents(model.card.name, taken),
    path: `/models/${model.card.name}/predictions`,
  }));
}

/**
 * The model that best shows a row of fields: one whose example goes to it by the names of its fields, one for texts only
 * at need.
 *
 * @returns whether it does, too: where no model is told by its fields, none of their examples works.
 */
export function modelForRows(models: readonly ModelDoc[]): { readonly doc: ModelDoc; readonly isMeant: boolean } {
  const rowModels = models.filter(({ run }) => !acceptsTexts(run.signature.input));
  const candidates = rowModels.length > 0 ? rowModels : models;
  const inputs = models.map(({ run }) => run.signature.input);
  const meant = candidates.find(({ run }) => {
    const [chosen, ...others] = inputsMeantBy(inputs, Object.keys(run.examples[0]!.input));
    return chosen === run.signature.input && others.length === 0;
  });
  return { doc: meant ?? candidates[0]!, isMeant: meant !== undefined };
}

function namesIn({ components, paths }: OpenApiDocument): string[] {
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  return [...Object.keys(components.schemas), ...ids];
}
