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

/** The model that best shows a row of fields: the first whose fields no other shares, one for texts only at need. */
export function modelForRows(models: readonly ModelDoc[]): ModelDoc {
  const rowModels = models.filter(({ run }) => !acceptsTexts(run.signature.input));
  const candidates = rowModels.length > 0 ? rowModels : models;
  return (
    candidates.find((one) => !candidates.some((other) => other !== one && acceptsExampleOf(other, one))) ??
    candidates[0]!
  );
}

function acceptsExampleOf(other: ModelDoc, one: ModelDoc): boolean {
  const { properties } = other.run.signature.input;
  return Object.keys(one.run.examples[0]!.input).every((name) => Object.hasOwn(properties, name));
}

function namesIn({ components, paths }: OpenApiDocument): string[] {
  const ids = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  return [...Object.keys(components.schemas), ...ids];
}
