import type { ReadyModel } from '../../registry/model-registry.service.js';
import { completeResponses } from './complete-responses.js';
import { describeModels } from './model-doc.js';
import type { ModelDoc } from './model-doc.js';
import { modelPath, modelSchemas } from './model-operations.js';
import type { OpenApiDocument, PathItem, Schema } from './openapi-types.js';
import { fillParameterExamples } from './parameter-examples.js';
import { describeReports } from './report-examples.js';
import { fillSharedOperations } from './shared-operations.js';

const GENERIC_PATH = '/models/{model}/predictions';

/**
 * The API document for a store: the fixed part plus, for each served model, operations and schemas of its own.
 *
 * @param fixed   from the decorators; not changed.
 * @param models  served models, the default one first; without any the operations stay as generic as they are.
 */
export function buildDocument(fixed: OpenApiDocument, models: readonly ReadyModel[]): OpenApiDocument {
  const document = structuredClone(fixed);
  const doc = describeModels(models, document);
  Object.assign(document.components.schemas, ...doc.map(modelSchemas));
  document.paths = replaceGenericPath(document.paths, doc);
  addTextExamples(document);
  flattenSingleAllOf(document);
  if (doc.length > 0) fillSharedOperations(document, doc);
  fillParameterExamples(document, doc);
  describeReports(document, doc[0]);
  completeResponses(document);
  return document;
}

/** Puts the path of each model in place of the generic one. */
function replaceGenericPath(paths: Record<string, PathItem>, models: readonly ModelDoc[]): Record<string, PathItem> {
  const generic = paths[GENERIC_PATH] as Required<Pick<PathItem, 'get' | 'post' | 'put'>>;
  const entries = Object.entries(paths).flatMap(([path, item]): [string, PathItem][] => {
    if (path !== GENERIC_PATH || models.length === 0) return [[path, item]];
    return models.map((doc) => [doc.path, modelPath(doc, structuredClone(generic))]);
  });
  return Object.fromEntries(entries);
}

/** The generator writes a described enum as `allOf` with one entry, as 3.0 needed; 3.1 takes the reference itself. */
function flattenSingleAllOf({ components }: OpenApiDocument): void {
  for (const { properties } of Object.values(components.schemas)) {
    for (const [name, field] of Object.entries((properties ?? {}) as Record<string, Schema>)) {
      const { allOf, ...rest } = field;
      if (Array.isArray(allOf) && allOf.length === 1)
        (properties as Record<string, Schema>)[name] = { ...rest, ...(allOf[0] as Schema) };
    }
  }
}

/** The payload as a whole gets the example of its one field, where readers of the users' documents look for it. */
function addTextExamples({ components }: OpenApiDocument): void {
  const payload = components.schemas.PredictPayload;
  const texts = (payload?.properties as { texts?: { example?: unknown } } | undefined)?.texts?.example;
  if (payload && texts !== undefined) payload.example = { texts };
}
