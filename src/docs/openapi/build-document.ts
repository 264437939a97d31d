import { completeResponses } from './complete-responses.js';
import { describeModels } from './model-doc.js';
import type { DocumentedModel, ModelDoc } from './model-doc.js';
import { modelPath, modelSchemas } from './model-operations.js';
import type { OpenApiDocument, PathItem, Schema } from './openapi-types.js';
import { fillParameterExamples } from './parameter-examples.js';
import { describeReports } from './report-examples.js';
import { fillSharedOperations } from './shared-operations.js';

const GENERIC_PATH = '/models/{model}/predictions';
type GenericOperations = Required<Pick<PathItem, 'get' | 'post' | 'put'>>;

/**
 * The API document for a store: the fixed part plus, for each served model, operations and schemas of its own. Pauses
 * after each model and each operation; what one of them takes is bounded, whatever the model.
 *
 * @param fixed   from the decorators; not changed.
 * @param models  served models, the default one first; without any the operations stay as generic as they are.
 */
export function* documentSteps(
  fixed: OpenApiDocument,
  models: readonly DocumentedModel[],
): Generator<void, OpenApiDocument> {
  const document = structuredClone(fixed);
  const doc = describeModels(models, document);
  for (const one of doc) {
    Object.assign(document.components.schemas, modelSchemas(one));
    yield;
  }
  document.paths = yield* replaceGenericPath(document.paths, doc);
  addTextExamples(document);
  closeRequests(document);
  flattenSingleAllOf(document);
  if (doc.length > 0) fillSharedOperations(document, doc);
  yield;
  fillParameterExamples(document, doc);
  describeReports(document, doc[0]);
  yield* completeResponses(document);
  return document;
}

/** Puts the path of each model in place of the generic one. */
function* replaceGenericPath(
  paths: Record<string, PathItem>,
  models: readonly ModelDoc[],
): Generator<void, Record<string, PathItem>> {
  const entries: [string, PathItem][] = [];
  for (const [path, item] of Object.entries(paths)) {
    if (path !== GENERIC_PATH || models.length === 0) entries.push([path, item]);
    else
      for (const doc of models) {
        entries.push([doc.path, modelPath(doc, structuredClone(item) as GenericOperations)]);
        yield;
      }
  }
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

/** Requests of the strict routes have no other members (`RefusesUnknownMembers`), which the generator does not know. */
function closeRequests({ components: { schemas } }: OpenApiDocument): void {
  for (const name of ['PredictionsRequestDto', 'AnyPredictionsRequestDto']) {
    if (schemas[name]) schemas[name].additionalProperties = false;
  }
}

/** The payload as a whole gets the example of its one field, where readers of the users' documents look for it. */
function addTextExamples({ components }: OpenApiDocument): void {
  const payload = components.schemas.PredictPayload;
  const texts = (payload?.properties as { texts?: { example?: unknown } } | undefined)?.texts?.example;
  if (payload && texts !== undefined) payload.example = { texts };
}
