import type { JsonObject } from '../../../lib/json/json.js';
import type { Example, Run } from '../../../domain/run.js';
import type { OutputFieldSchema, OutputRowSchema, RowSchema } from '../../../domain/signature.js';
import type { ModelSpec } from '../../../domain/tensor.js';
import { RunError } from '../../../domain/verdict.js';
import type { RunContract } from '../contract/run-contract.js';
import { deriveInputs } from './derive-inputs.js';
import { deriveOutputs } from './derive-outputs.js';
import { exampleRows, madeUpRow, requireWholeNumbers } from './example-rows.js';
import type { MlModel } from './ml-model.js';
import { fieldsOfTensors, inputSchema, outputSchema, outputsByRows, requireDistinctFields } from './model-field.js';
import type { ModelField } from './model-field.js';
import type { ColumnRules } from './tags.js';

/** The parts of a `Run` that its model decides. */
type ModelPart = Pick<Run, 'signature' | 'encode' | 'decode' | 'examples'>;

/** What was logged of a model, and what its owner says of it. */
export interface DraftSource {
  readonly mlModel: MlModel;
  /** The input example as it was logged. */
  readonly exampleText: string | undefined;
  readonly contract: RunContract | undefined;
}

/** The parts for a run whose model is unknown or cannot be used. */
export const NO_MODEL: ModelPart = {
  signature: { input: { type: 'object', properties: {} }, output: { type: 'object', properties: {} } },
  encode: { tensors: [] },
  decode: { kind: 'tensors', fields: {} },
  examples: [],
};

/**
 * What can be said of a run before its model is loaded: the signature as it was logged. MLflow keeps neither the names
 * of the model's tensors nor their order, so without a contract `encode` is empty and `decode` only names the fields; a
 * half of the signature that was not logged is empty too.
 */
export function draftPart({ mlModel: { inputs = [], outputs = [] }, exampleText, contract }: DraftSource): ModelPart {
  const [sample] = exampleText === undefined ? [] : exampleRows(exampleText, inputs);
  const output = outputRow(contract, outputSchema(outputs));
  const fields = Object.keys(output.properties);
  return {
    signature: { input: inputRow(contract, inputSchema(inputs, sample)), output },
    encode: contract?.encode ?? { tensors: [] },
    decode: contract?.decode ?? { kind: 'tensors', fields: Object.fromEntries(fields.map((field) => [field, field])) },
    examples: contract?.examples ?? [],
  };
}

/**
 * The whole of it, once the model is loaded: rows reach its tensors and come back. What the contract says counts; of the
 * rest, a half of the signature that was not logged is the model's own: one field per tensor. Examples of MLflow have no
 * outputs; without an input example there is one made-up row.
 *
 * @throws RunError SIGNATURE_MISMATCH or SIGNATURE_UNSUPPORTED when the signature cannot feed this model.
 */
export function completePart(source: DraftSource, model: ModelSpec, rules: ColumnRules): ModelPart {
  const inputs = inputPart(source, model, rules);
  const outputs = outputPart(source, model);
  return {
    signature: { input: inputs.schema, output: outputs.schema },
    encode: inputs.encode,
    decode: outputs.decode,
    examples: inputs.examples,
  };
}

interface InputPart {
  readonly schema: RowSchema;
  readonly encode: Run['encode'];
  readonly examples: readonly Example[];
}

function inputPart(
  { mlModel, exampleText = '', contract }: DraftSource,
  { inputs: tensors }: ModelSpec,
  rules: ColumnRules,
): InputPart {
  if (contract?.encode) {
    const fields = mlModel.inputs ?? [];
    const logged = exampleRows(exampleText, fields);
    const schema = inputRow(contract, inputSchema(fields, logged[0]));
    return { schema, encode: contract.encode, examples: contract.examples ?? logged.map(withoutOutput) };
  }
  const { fields, spec } = deriveInputs(mlModel.inputs ?? ownFields(tensors), tensors, rules);
  const logged = exampleRows(exampleText, fields);
  requireWholeNumbers(logged, fields, spec);
  const rows = logged.length > 0 ? logged : [madeUpRow(fields)];
  return {
    schema: inputRow(contract, inputSchema(fields, logged[0])),
    encode: { tensors: spec },
    examples: contract?.examples ?? rows.map(withoutOutput),
  };
}

function outputPart(
  { mlModel, contract }: DraftSource,
  model: ModelSpec,
): { readonly schema: OutputRowSchema; readonly decode: Run['decode'] } {
  if (contract?.decode) return { schema: contract.output!, decode: contract.decode };
  const tensors = outputsByRows(model);
  const own = mlModel.outputs ?? ownFields(tensors).map((field) => asRecorded(field, contract));
  const { fields, spec } = deriveOutputs(own, tensors);
  return { schema: outputRow(contract, outputSchema(fields)), decode: spec };
}

/** Some exporters declare one number for models that give several: those that the examples record are believed. */
function asRecorded(field: ModelField, contract: RunContract | undefined): ModelField {
  const recorded =
    contract?.examples?.map(({ output }) => Object.hasOwn(output, field.field) && output[field.field]) ?? [];
  const lengths = new Set(recorded.map((value) => (Array.isArray(value) ? value.length : undefined)));
  const [length] = lengths;
  if (field.shape.length > 0 || lengths.size !== 1 || length === undefined) return field;
  return { ...field, shape: [length] };
}

function withoutOutput(input: JsonObject): Example {
  return { input, output: {} };
}

function inputRow(contract: RunContract | undefined, derived: RowSchema): RowSchema {
  if (!contract?.input) return derived;
  return contract.encode ? contract.input : addedTo(derived, contract.input, contract.place);
}

function outputRow(contract: RunContract | undefined, derived: OutputRowSchema): OutputRowSchema {
  if (!contract?.output) return derived;
  return contract.decode ? contract.output : addedTo(derived, contract.output, contract.place);
}

/**
 * A row with what the contract adds to it: where it does not say how its fields reach the model, they are those that
 * MLflow's signature has.
 *
 * @throws RunError SIGNATURE_MISMATCH for a field that the signature does not have.
 */
function addedTo<Field extends OutputFieldSchema>(
  derived: RowSchema<Field>,
  own: RowSchema<Field>,
  place: string,
): RowSchema<Field> {
  const { properties } = derived;
  const known = Object.keys(properties);
  const unknown = Object.keys(own.properties).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined && known.length > 0) {
    const fields = known.map((name) => `"${name}"`).join(', ');
    const message = `${place} describes the field "${unknown}"; those of the signature are ${fields}.`;
    const fix = 'Use the names of the signature, or write encode and decode too.';
    throw new RunError('SIGNATURE_MISMATCH', message, { fix });
  }
  const merged = Object.entries(own.properties).map(
    ([name, field]) => [name, { ...properties[name], ...field }] as const,
  );
  return { ...derived, ...own, properties: { ...properties, ...Object.fromEntries(merged) } };
}

function ownFields(tensors: ModelSpec['inputs']): ReturnType<typeof fieldsOfTensors> {
  const fields = fieldsOfTensors(tensors);
  requireDistinctFields(fields, 'tensors');
  return fields;
}
