import type { ServedModel } from '../../registry/model-registry.service.js';
import { completeResponses } from './complete-responses.js';
import { describeModels } from './described-model.js';
import type { DescribedModel } from './described-model.js';
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
 * @param models  served models, the default one first; at least one.
 */
export function buildDocument(fixed: OpenApiDocument, models: readonly ServedModel[]): OpenApiDocument {
  const document = structuredClone(fixed);
  const described = describeModels(models, document);
  Object.assign(document.components.schemas, ...described.map(modelSchemas));
  document.paths = replaceGenericPath(document.paths, described);
  exemplifyTexts(document);
  flattenSingleAllOf(document);
  fillSharedOperations(document, described);
  fillParameterExamples(document, described);
  describeReports(document, described[0]!);
  completeResponses(document);
  return document;
}

/** Puts the path of each model in place of the generic one. */
function replaceGenericPath(
  paths: Record<string, PathItem>,
  models: readonly DescribedModel[],
): Record<string, PathItem> {
  const generic = paths[GENERIC_PATH] as Required<Pick<PathItem, 'get' | 'post' | 'put'>>;
  const entries = Object.entries(paths).flatMap(([path, item]): [string, PathItem][] => {
    if (path !== GENERIC_PATH) return [[path, item]];
    return models.map((described) => [described.path, modelPath(described, structuredClone(generic))]);
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

/** Copies the example of the payload's one field to the payload, where the API of 2021 had it. */
function exemplifyTexts({ components }: OpenApiDocument): void {
  const payload = components.schemas.PredictPayload;
  const texts = (payload?.properties as { texts?: { example?: unknown } } | undefined)?.texts?.example;
  if (payload && texts !== undefined) payload.example = { texts };
}
