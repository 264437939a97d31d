import { RunError } from '../../../domain/verdict.js';
import { isMapping, parseYamlMapping, textOf } from '../store/yaml-text.js';
import type { YamlValue } from '../store/yaml-text.js';
import { fieldsOfSignature } from './signature-fields.js';
import type { ModelField } from './model-field.js';

/** What an `MLmodel` file says that serving needs. */
export interface MlModel {
  /** Flavor name → its own settings. */
  readonly flavors: Readonly<Record<string, Readonly<Record<string, YamlValue>>>>;
  /** Fields of the signature; undefined when the model was logged without that half of it. */
  readonly inputs: readonly ModelField[] | undefined;
  readonly outputs: readonly ModelField[] | undefined;
  /** File of the input example, relative to the model's folder. */
  readonly examplePath: string | undefined;
  /** Names of the signature's parameters, which clients of MLflow's own scoring may send beside the rows. */
  readonly parameters: readonly string[];
}

/** The signature of a table of ten thousand columns. */
const MAX_MLMODEL_CHARS = 1024 * 1024;

/**
 * Reads an `MLmodel` file.
 *
 * @throws RunError MLMODEL_INVALID when it is not one, SIGNATURE_UNSUPPORTED when rows cannot be made of its signature.
 */
export function readMlModel(text: string): MlModel {
  const document = parseYamlMapping(text, MAX_MLMODEL_CHARS);
  if (!document || !isMapping(document.flavors)) {
    throw new RunError('MLMODEL_INVALID', 'The MLmodel file is not YAML with the key "flavors".');
  }
  const flavors = Object.entries(document.flavors).filter((entry): entry is [string, Record<string, YamlValue>] =>
    isMapping(entry[1]),
  );
  const signature = isMapping(document.signature) ? document.signature : {};
  const example = isMapping(document.saved_input_example_info) ? document.saved_input_example_info : {};
  return {
    flavors: Object.fromEntries(flavors),
    inputs: halfOf(signature, 'inputs', 'input'),
    outputs: halfOf(signature, 'outputs', 'prediction'),
    examplePath: textOf(example, 'artifact_path'),
    parameters: parameterNames(textOf(signature, 'params')),
  };
}

function halfOf(
  signature: Readonly<Record<string, YamlValue>>,
  key: 'inputs' | 'outputs',
  defaultName: string,
): ModelField[] | undefined {
  const text = textOf(signature, key);
  return text === undefined ? undefined : fieldsOfSignature(text, key, defaultName);
}

/** What cannot be read names none: it changes nothing of how the model is served. */
function parameterNames(text: string | undefined): string[] {
  try {
    const specs: unknown = JSON.parse(text ?? '[]');
    const names = Array.isArray(specs) ? specs.map((spec: unknown) => (isMapping(spec) ? spec.name : undefined)) : [];
    return names.filter((name) => typeof name === 'string');
  } catch {
    return [];
  }
}
