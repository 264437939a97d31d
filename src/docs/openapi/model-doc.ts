import { inputsMeantBy } from '../../domain/input/choose-input.js';
import { acceptsTexts } from '../../domain/input/text-input.js';
import type { Run } from '../../domain/run.js';
import type { ReadyModel } from '../../registry/model-registry.service.js';
import { nameComponents } from './component-names.js';
import type { ModelNames } from './component-names.js';
import type { OpenApiDocument } from './openapi-types.js';

/** A model with the run that served it at one moment. */
export type ModelForDocs = Readonly<Pick<ReadyModel, 'card' | 'best'>>;

/** A served model as the document speaks of it. */
export interface ModelDoc {
  readonly model: ModelForDocs;
  readonly run: Run;
  readonly names: ModelNames;
  /** Path of its predictions. */
  readonly path: string;
}

/** The served models, with names that nothing else in the document has. */
export function describeModels(models: readonly ModelForDocs[], document: OpenApiDocument): ModelDoc[] {
  const taken = new Set(namesIn(document).map((name) => name.toLowerCase()));
  return models.map((model) => ({
    model,
    run: model.best.registered.run,
    names: nameComponents(model.card.name, taken),
    path: `/models/${model.card.name}/predictions`,
  }));
}

/** A model whose example row shows what rows are. */
export interface ShownModel {
  readonly doc: ModelDoc;
  /** Whether the row goes to it by the names of its fields: where no model is told by them, none of their examples works. */
  readonly isMeant: boolean;
}

/**
 * The model that best shows a row of fields: one whose example goes to it by the names of its fields, one for texts only
 * at need. Pauses after each model.
 */
export function* modelForRows(models: readonly ModelDoc[]): Generator<void, ShownModel> {
  const rowModels = models.filter(({ run }) => !acceptsTexts(run.signature.input));
  const candidates = rowModels.length > 0 ? rowModels : models;
  const inputs = models.map(({ run }) => run.signature.input);
  for (const doc of candidates) {
    const [chosen, ...others] = inputsMeantBy(inputs, Object.keys(doc.run.examples[0]!.input));
    if (chosen === doc.run.signature.input && others.length === 0) return { doc, isMeant: true };
    yield;
  }
  return { doc: candidates[0]!, isMeant: false };
}

function namesIn({ components, paths }: OpenApiDocument): string[] {
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  return [...Object.keys(components.schemas), ...ids];
}
