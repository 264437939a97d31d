import type { AppConfig } from '../../config/app-config.js';
import { TEXT_FIELD, acceptsTexts } from '../../domain/input/text-input.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { parseQuery } from '../../http/request/query-parser.js';
import { SECRET_PARAMETERS } from '../../http/request/request-url.js';
import { bodyShapeIssue, checkOf } from '../../http/validation/pydantic-v1-rules.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { rowListOf } from '../../row-reading/reading-messages.js';
import type { BodyForm, BodyOutline } from '../../row-reading/reading-messages.js';
import type { RemoteRows } from '../../row-reading/remote-rows.js';
import type { RegisteredRun } from '../../registry/state/registered-run.js';
import { AnyPredictionsRequestDto, PredictPayload, PredictionsRequestDto } from '../dto/predictions.dto.js';
import type { PredictionTarget } from '../prediction-targets.js';
import type { PredictionRows, RowsForRun } from '../predictions.service.js';
import type { PredictionRoute } from './prediction-route.js';

/** What a request asks for: with what to predict, and which rows. */
export interface RequestedRows {
  readonly target: PredictionTarget;
  readonly rows: RowsForRun;
}

/** Query parameter that asks for on-request fields, unless the model has an input of that name. */
const INCLUDE = 'include';

/** The texts form of a body: what the rules leave of it. */
type Texts = readonly { readonly text: string }[];

/**
 * Reads what a body asks for.
 *
 * @param params  of the path.
 * @param body  parsed JSON; undefined when there is none.
 * @param unknownMembers  what happens to members of the body that nobody reads, where its class refuses them.
 * @throws ValidationError with every problem of the body's own shape; rows are checked against the run's contract later.
 */
export function rowsOfBody(
  route: PredictionRoute,
  params: Readonly<Record<string, string>>,
  body: JsonValue | undefined,
  unknownMembers: AppConfig['unknownMembers'] = 'refuse',
): RequestedRows {
  switch (route.rows) {
    case 'texts': {
      const { texts } = checkedBody(PredictPayload, body) as unknown as { texts: Texts };
      return { target: targetOf(route, params), rows: (run) => textRows(run, texts) };
    }
    case 'inputs': {
      const type = route.target === 'named' ? AnyPredictionsRequestDto : PredictionsRequestDto;
      const request = checkedBody(type, body, { allowUnknown: unknownMembers === 'ignore' });
      return { target: targetOf(route, params, request), rows: inputRows(request) };
    }
    default:
      return bareRow(checkedShape(body), 'body');
  }
}

/** Where the rows of a body are that a route takes. */
export function bodyFormOf({ rows }: PredictionRoute): BodyForm {
  return rows === 'inputs' || rows === 'texts' ? rows : 'row';
}

/**
 * The same as `rowsOfBody` for a large body that a thread has read.
 *
 * @param outline  what the body says besides its rows.
 */
export function rowsOfOutline(
  route: PredictionRoute,
  params: Readonly<Record<string, string>>,
  { body, rows: count = 0, oddItems }: BodyOutline,
  remoteRows: RemoteRows,
  unknownMembers?: AppConfig['unknownMembers'],
): RequestedRows {
  const list = isJsonObject(body) ? rowListOf(body, bodyFormOf(route)) : undefined;
  const { target, rows } = rowsOfBody(
    route,
    params,
    list === undefined ? body : { ...(body as JsonObject), [list]: placeholders(count, oddItems) },
    unknownMembers,
  );
  const remote = remoteRows.withCount(count);
  return { target, rows: (run) => ({ ...(typeof rows === 'function' ? rows(run) : rows), remote }) };
}

/** A list of so many rows that breaks the rules of a body where the one that was sent does. */
function placeholders(count: number, oddItems: BodyOutline['oddItems']): JsonValue[] {
  const list = new Array<JsonValue>(count).fill(VALID_ITEM);
  for (const [index, item] of oddItems) list[index] = item;
  return list;
}

const VALID_ITEM = Object.freeze({ text: 'x' });

/** Reads what a query asks for: one row. @throws URIError for a percent sign that encodes nothing. */
export function rowsOfQuery(
  route: PredictionRoute,
  params: Readonly<Record<string, string>>,
  query: string,
): RequestedRows {
  const given = parseQuery(query);
  if (route.target === 'fields') return bareRow(given, 'query');
  return { target: targetOf(route, params), rows: (run) => queryRow(run, given) };
}

/**
 * Who is to predict, by the path of a request, or by its body where that names it.
 *
 * @param params  of the path.
 * @param body  its members `model` and `run_id`.
 */
export function targetOf(
  { target }: PredictionRoute,
  params: Readonly<Record<string, string>>,
  { model, run_id: runId }: JsonObject = {},
): PredictionTarget {
  if (target === 'model') return { kind: 'model', name: params.model! };
  if (target === 'run') return { kind: 'run', runId: params.run_id! };
  if (runId !== undefined) return { kind: 'run', runId: runId as string, model: model as string | undefined };
  return model === undefined ? { kind: 'default' } : { kind: 'model', name: model as string };
}

function inputRows({ inputs, columns, data, include, shape }: JsonObject): PredictionRows {
  const isLists = columns !== undefined;
  return {
    values: (isLists ? data : inputs) as readonly unknown[],
    loc: isLists ? DATA : INPUTS,
    locOf: isLists ? dataLocation : inputLocation,
    columns: isLists ? { names: columns as string[], loc: COLUMNS } : undefined,
    source: 'body',
    mode: 'strict',
    include: (include as string[] | undefined) ?? NO_FIELDS,
    includeLoc: includeLocation,
    shape: shape as PredictionRows['shape'],
  };
}

const [INPUTS, COLUMNS, DATA] = [
  ['body', 'inputs'],
  ['body', 'columns'],
  ['body', 'data'],
];
const NO_FIELDS: readonly string[] = [];
const inputLocation = (index: number) => ['body', 'inputs', index];
const dataLocation = (index: number) => ['body', 'data', index];
const includeLocation = (index: number) => ['body', INCLUDE, index];

function textRows({ card, run }: RegisteredRun, texts: Texts): PredictionRows {
  if (!acceptsTexts(run.signature.input)) {
    const msg = `the model ${card.name} does not take texts: send inputs to /models/${card.name}/predictions`;
    throw new ValidationError([{ loc: ['body', 'texts'], msg, type: 'value_error' }]);
  }
  return {
    values: texts.map(({ text }) => ({ [TEXT_FIELD]: text })),
    loc: ['body', 'texts'],
    locOf: (index) => ['body', 'texts', index],
    source: 'body',
    mode: 'strict',
    include: [],
    includeLoc: () => ['body'],
  };
}

function queryRow({ run }: RegisteredRun, query: Readonly<Record<string, string>>): PredictionRows {
  const { properties } = run.signature.input;
  const isInput = Object.hasOwn(properties, INCLUDE);
  const include = isInput ? undefined : query[INCLUDE];
  const isOther = (name: string) => SECRET_PARAMETERS.includes(name as never) || name === INCLUDE;
  const fields = Object.entries(query).filter(([name]) => Object.hasOwn(properties, name) || !isOther(name));
  return {
    values: [Object.fromEntries(fields)],
    loc: ['query'],
    locOf: () => ['query'],
    source: 'query',
    mode: 'strict',
    include: (include ?? '').split(',').filter(Boolean),
    includeLoc: () => ['query', INCLUDE],
  };
}

/** One row for the model that its fields fit. Types are checked, enums and ranges are not (docs/decisions/0003). */
function bareRow(fields: JsonObject | Readonly<Record<string, string>>, source: 'body' | 'query'): RequestedRows {
  const rows: PredictionRows = {
    values: [fields],
    loc: [source],
    locOf: () => [source],
    source,
    mode: 'types-only',
    include: [],
    includeLoc: () => [source],
  };
  return { target: { kind: 'fields', names: Object.keys(fields), source }, rows };
}

/** The body as an object whose fields keep the rules of a DTO class. */
function checkedBody(type: Function, body: JsonValue | undefined, options?: { allowUnknown: boolean }): JsonObject {
  const fields = checkedShape(body);
  const problems = checkOf(type)(fields, ['body'], options);
  if (problems.length > 0) throw new ValidationError(problems);
  return fields;
}

/** The body as an object; a list counts as one without fields (pydantic v1). */
function checkedShape(body: JsonValue | undefined): JsonObject {
  const problem = bodyShapeIssue(body);
  if (problem) throw new ValidationError([problem]);
  return Array.isArray(body) ? {} : (body as JsonObject);
}
