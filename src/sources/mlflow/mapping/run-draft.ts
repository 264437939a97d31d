import type { JsonObject } from '../../../lib/json.js';
import type { Example, Run } from '../../../domain/run.js';
import type { ModelSpec } from '../../../domain/tensor.js';
import { exampleRows, madeUpRow } from './example-rows.js';
import type { ColumnRules } from './derive-column.js';
import { deriveInputs } from './derive-inputs.js';
import { deriveOutputs } from './derive-outputs.js';
import { fieldsOfTensors, inputSchema, outputSchema, requireDistinctFields } from './model-field.js';
import type { MlModel } from './ml-model.js';

/** The parts of a `Run` that its model decides. */
type ModelPart = Pick<Run, 'signature' | 'encode' | 'decode' | 'examples'>;

/** The parts for a run whose model is unknown or cannot be used. */
export const NO_MODEL: ModelPart = {
  signature: { input: { type: 'object', properties: {} }, output: { type: 'object', properties: {} } },
  encode: { tensors: [] },
  decode: { kind: 'tensors', fields: {} },
  examples: [],
};

/**
 * What can be said of a run before its model is loaded: the signature as it was logged. MLflow keeps neither the names
 * of the model's tensors nor their order, so `encode` is empty and `decode` only names the fields; a half of the
 * signature that was not logged is empty too.
 */
export function draftPart({ inputs = [], outputs = [] }: MlModel, exampleText: string | undefined): ModelPart {
  const [sample] = exampleText === undefined ? [] : exampleRows(exampleText, inputs);
  return {
    signature: { input: inputSchema(inputs, sample), output: outputSchema(outputs) },
    encode: { tensors: [] },
    decode: { kind: 'tensors', fields: Object.fromEntries(outputs.map(({ field }) => [field, field])) },
    examples: [],
  };
}

/**
 * The whole of it, once the model is loaded: rows reach its tensors and come back. A half of the signature that was not
 * logged is the model's own: one field per tensor. Examples have no outputs; without an input example there is one
 * made-up row.
 *
 * @throws RunError SIGNATURE_MISMATCH or SIGNATURE_UNSUPPORTED when the signature cannot feed this model.
 */
export function completePart(
  mlModel: MlModel,
  exampleText: string | undefined,
  model: ModelSpec,
  rules: ColumnRules,
): ModelPart {
  const inputs = deriveInputs(mlModel.inputs ?? ownFields(model.inputs), model.inputs, rules);
  const outputs = deriveOutputs(mlModel.outputs ?? ownFields(model.outputs), model.outputs);
  const logged = exampleText === undefined ? [] : exampleRows(exampleText, inputs.fields);
  const rows = logged.length > 0 ? logged : [madeUpRow(inputs.fields)];
  return {
    signature: { input: inputSchema(inputs.fields, logged[0]), output: outputSchema(outputs.fields) },
    encode: { tensors: inputs.spec },
    decode: outputs.spec,
    examples: rows.map((input: JsonObject): Example => ({ input, output: {} })),
  };
}

function ownFields(tensors: ModelSpec['inputs']): ReturnType<typeof fieldsOfTensors> {
  const fields = fieldsOfTensors(tensors);
  requireDistinctFields(fields, 'tensors');
  return fields;
}
