import { completeResponses } from './complete-responses.js';
import { partText } from './document-text.js';
import type { JsonText } from './document-text.js';
import { describeModels } from './model-doc.js';
import type { ModelForDocs, ModelDoc } from './model-doc.js';
import { modelPath, modelSchemas } from './model-operations.js';
import type { ModelPart, ModelParts } from './model-parts.js';
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
 * @param parts   what was written before for models that have not changed; those of the others are added.
 * @returns the document; with `parts`, what it says of single models is text, which `documentText` takes.
 */
export function* documentSteps(
  fixed: OpenApiDocument,
  models: readonly ModelForDocs[],
  parts?: ModelParts,
): Generator<void, OpenApiDocument> {
  const document = structuredClone(fixed);
  const docs = describeModels(models, document);
  parts?.retain(docs);
  // The answers that all models give alike are told with the address of the first, which is written each time.
  const written = new Map(
    docs.slice(1).flatMap((doc) => {
      const part = parts?.find(doc);
      return part ? [[doc, part] as const] : [];
    }),
  );
  for (const doc of docs) {
    const part = written.get(doc);
    Object.assign(document.components.schemas, part?.schemas ?? modelSchemas(doc));
    if (!part) yield;
  }
  document.paths = yield* replaceGenericPath(document.paths, docs, written);
  addTextExamples(document);
  closeRequests(document);
  flattenSingleAllOf(document);
  if (docs.length > 0) yield* fillSharedOperations(document, docs);
  yield;
  fillParameterExamples(document, docs);
  describeReports(document, docs[0]);
  yield* completeResponses(document);
  for (const doc of docs) if (parts && !written.has(doc)) parts.keep(doc, yield* writePart(document, doc));
  return document;
}

/** Puts the path of each model in place of the generic one. */
function* replaceGenericPath(
  paths: Record<string, PathItem>,
  models: readonly ModelDoc[],
  written: ReadonlyMap<ModelDoc, ModelPart>,
): Generator<void, Record<string, PathItem>> {
  const entries: [string, PathItem][] = [];
  for (const [path, item] of Object.entries(paths)) {
    if (path !== GENERIC_PATH || models.length === 0) entries.push([path, item]);
    else
      for (const doc of models) {
        const text = written.get(doc)?.path;
        entries.push([doc.path, text ? asItem(text) : modelPath(doc, structuredClone(item) as GenericOperations)]);
        if (!text) yield;
      }
  }
  return Object.fromEntries(entries);
}

/** Turns what the document says of a model into texts, when it is complete. */
function* writePart(document: OpenApiDocument, { path, names }: ModelDoc): Generator<void, ModelPart> {
  const { schemas } = document.components;
  const written: Record<string, JsonText> = {};
  for (const name of [names.input, names.output, names.primary, names.request, names.predictions, names.answer]) {
    written[name] = yield* partText(schemas[name]!);
    schemas[name] = written[name] as unknown as Schema;
  }
  const text = yield* partText(document.paths[path]!);
  document.paths[path] = asItem(text);
  return { path: text, schemas: written };
}

/** What is written already has no operations to look at. */
function asItem(text: JsonText): PathItem {
  return text as unknown as PathItem;
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

/** Requests of the strict routes have no other members (`RejectUnknownMembers`), which the generator does not know. */
function closeRequests({ components: { schemas } }: OpenApiDocument): void {
  const requests = ['PredictionsRequestDto', 'AnyPredictionsRequestDto'];
  for (const name of requests) {
    if (schemas[name]) schemas[name].dependentRequired = { columns: ['data'], data: ['columns'] };
  }
  for (const name of [...requests, 'PinRequestDto', 'RollbackRequestDto', 'RefreshRequestDto']) {
    if (schemas[name]) schemas[name].additionalProperties = false;
  }
}

/** The payload as a whole gets the example of its one field, where readers of the users' documents look for it. */
function addTextExamples({ components }: OpenApiDocument): void {
  const payload = components.schemas.PredictPayload;
  const texts = (payload?.properties as { texts?: { example?: unknown } } | undefined)?.texts?.example;
  if (payload && texts !== undefined) payload.example = { texts };
}
