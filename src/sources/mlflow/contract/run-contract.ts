import type { EncodeSpec } from '../../../domain/encode-spec.js';
import type { DecodeSpec } from '../../../domain/decode-spec.js';
import type { Example, Run } from '../../../domain/run.js';
import type { OutputRowSchema, RowSchema } from '../../../domain/signature.js';
import { reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import { withoutNaN } from '../../../lib/json/without-nan.js';
import type { SchemaCheck } from '../../schema-check.js';

/** What the owner of an MLflow run wrote beside the logged model: members of `run.json`, each of which may be absent. */
export interface RunContract {
  /** Where it stands, for messages: `bestrun/run.json`. */
  readonly place: string;
  readonly description?: string;
  readonly performance?: JsonObject;
  readonly input?: RowSchema;
  readonly output?: OutputRowSchema;
  readonly encode?: EncodeSpec;
  readonly decode?: DecodeSpec;
  readonly examples?: readonly Example[];
  readonly selfTest?: Run['self_test'];
  /** Digests that the files of the model must have; the first one is that of the model itself. */
  readonly model?: { readonly sha256?: string; readonly files?: Run['model']['files'] };
}

/** Members of `run.json` that MLflow itself records: what it says counts. */
const OF_MLFLOW = ['run_id', 'name', 'status', 'started_at', 'ended_at', 'params', 'metrics', 'tags', 'model_id'];

/** A run that follows the schema, to which the parts that were written are added before it is checked. */
const VALID_RUN: JsonObject = {
  run_id: 'run',
  name: 'run',
  status: 'FINISHED',
  started_at: '1970-01-01T00:00:00Z',
  params: {},
  metrics: {},
  performance: {},
  tags: {},
  signature: { input: rowOf({ x: { type: 'number' } }), output: rowOf({ y: { type: 'number' } }) },
  model: { format: 'onnx', path: 'model.onnx', sha256: '0'.repeat(64) },
  encode: { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [{ kind: 'number', field: 'x' }] }] },
  decode: { kind: 'tensors', fields: { y: 'y' } },
  examples: [{ input: {}, output: {} }],
};

/**
 * Checks a contract by the same schema as `run.json`.
 *
 * @param place  where it was found.
 * @returns one reason for each broken rule, with its JSON pointer, when it does not follow it.
 */
export function readContract(
  document: JsonValue | undefined,
  place: string,
  check: SchemaCheck,
): RunContract | VerdictReason[] {
  const refuse = (said: string) => reason('RUN_FILE_INVALID', `${place} ${said}.`, fixFor(place));
  if (!isJsonObject(document)) return [refuse('is not a JSON object')];
  const own = Object.fromEntries(Object.entries(document).filter(([key]) => !OF_MLFLOW.includes(key)));
  const written: JsonObject = { ...own, ...(own.examples && { examples: withoutNaN(own.examples) }) };
  const issues = check(completed(written));
  const missing = written.decode !== undefined && !isJsonObject(memberOf(written.signature, 'output'));
  if (issues.length > 0 || missing) {
    const said = issues.map(({ pointer, expected }) => `${pointer}: ${expected}`);
    return [...said, ...(missing ? ['/signature/output: is needed, because decode names its fields'] : [])].map(refuse);
  }
  return toContract(written, place);
}

function completed(written: JsonObject): JsonObject {
  const merge = (key: string) =>
    isJsonObject(written[key])
      ? { ...(VALID_RUN[key] as JsonObject), ...written[key] }
      : (written[key] ?? VALID_RUN[key]!);
  const signature = merge('signature');
  const input = memberOf(signature, 'input');
  const typed =
    written.encode === undefined && isJsonObject(input)
      ? { ...(signature as JsonObject), input: withTypes(input) }
      : signature;
  const output = memberOf(typed, 'output');
  const both =
    written.decode === undefined && isJsonObject(output)
      ? { ...(typed as JsonObject), output: withTypes(output) }
      : typed;
  return { ...VALID_RUN, ...written, signature: both, model: merge('model') };
}

/** Fields that only add to those of MLflow's signature need not repeat their type. */
function withTypes(row: JsonObject): JsonObject {
  const { properties = {} } = row;
  if (!isJsonObject(properties)) return row;
  const typed = Object.entries(properties).map(([name, field]) => [
    name,
    isJsonObject(field) ? { type: 'string', ...field } : field,
  ]);
  return { type: 'object', ...row, properties: Object.fromEntries(typed) as JsonObject };
}

function toContract(written: JsonObject, place: string): RunContract {
  const run = written as unknown as Partial<Run>;
  return {
    place,
    ...(run.description !== undefined && { description: run.description }),
    ...(run.performance && { performance: run.performance }),
    ...(run.signature?.input && { input: run.signature.input }),
    ...(run.signature?.output && { output: run.signature.output }),
    ...(run.encode && { encode: run.encode }),
    ...(run.decode && { decode: run.decode }),
    ...(run.examples && { examples: run.examples }),
    ...(run.self_test && { selfTest: run.self_test }),
    ...(run.model && { model: run.model }),
  };
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function rowOf(properties: JsonObject): JsonObject {
  return { type: 'object', properties };
}

function fixFor(place: string): string {
  return `Correct ${place} as the message says, and log it again; schemas/run.schema.json describes every member.`;
}
