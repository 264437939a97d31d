import type { ModelFormat } from '../../../domain/run.js';
import { reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { textOf } from '../store/yaml-text.js';
import { LOG_MODEL, recipeFor } from '../../export-recipes.js';
import type { MlModel } from './ml-model.js';

/** What is loaded of a logged model; the path is relative to the model's folder. */
export interface ServableArtifact {
  readonly format: ModelFormat;
  readonly path: string;
}

/** What the flavors of Keras can be instead of ONNX. */
const AS_SAVED_MODEL =
  'Log it as a SavedModel (mlflow.keras.log_model(model, …, save_exported_model=True, signature=infer_signature(X, model.predict(X)))), or export';

/** From this version on TensorFlow includes Keras 3, which writes its own file instead of a SavedModel. */
const TENSORFLOW_WITH_KERAS_3: readonly [number, number] = [2, 16];

/**
 * The part of a logged model that an engine here computes: ONNX, or a TensorFlow SavedModel.
 *
 * @returns a reason FORMAT_UNSUPPORTED with how to export the model when there is none.
 */
export function servableArtifact({ flavors, inputs = [] }: MlModel): ServableArtifact | VerdictReason {
  const onnx = flavors.onnx && textOf(flavors.onnx, 'data');
  if (onnx) return { format: 'onnx', path: onnx };
  const savedModel = pathOfModule(flavors.tensorflow) ?? pathOfKeras(flavors.tensorflow) ?? pathOfExport(flavors.keras);
  if (savedModel) return { format: 'saved-model', path: savedModel };
  const hasTexts = inputs.some(({ kind }) => kind === 'string');
  return unsupported(Object.keys(flavors), hasTexts);
}

type Flavor = MlModel['flavors'][string] | undefined;

/** A `tf.Module`, which always becomes a SavedModel. */
function pathOfModule(flavor: Flavor): string | undefined {
  return flavor && textOf(flavor, 'saved_model_dir');
}

/**
 * A Keras model of the years when it was saved as a SavedModel. Today's `.keras` file also has `save_format: tf`; only
 * TensorFlow's version, which stands under `keras_version`, tells them apart.
 */
function pathOfKeras(flavor: Flavor): string | undefined {
  const data = flavor && textOf(flavor, 'data');
  if (!data || textOf(flavor, 'model_type') !== 'keras' || textOf(flavor, 'save_format') !== 'tf') return undefined;
  return needsKeras3(textOf(flavor, 'keras_version')) ? undefined : `${data}/model`;
}

/** A Keras 3 model that was logged with `save_exported_model=True`. */
function pathOfExport(flavor: Flavor): string | undefined {
  const data = flavor && textOf(flavor, 'data');
  return data && textOf(flavor, 'save_exported_model') === 'true' ? `${data}/model` : undefined;
}

function needsKeras3(tensorflow: string | undefined): boolean {
  const [major = 0, minor = 0] = (tensorflow ?? '').split('.').map(Number);
  const [firstMajor, firstMinor] = TENSORFLOW_WITH_KERAS_3;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

function unsupported(flavors: readonly string[], hasTexts: boolean): VerdictReason {
  const named = flavors.filter((name) => name !== 'python_function');
  const recipe = recipeFor(named, hasTexts);
  const found = named.length > 0 ? `the flavor ${named.join(', ')}` : 'Python code only';
  const message = `The logged model is ${found}, which needs Python to run.`;
  const advice = recipe?.flavor === 'keras' ? AS_SAVED_MODEL : 'Export';
  const what = named.length > 0 ? 'it' : 'the model that it wraps';
  const how = recipe ? `${advice} it to ONNX (${recipe.code.join('; ')})` : `Export ${what} to ONNX`;
  const fix = `${how} and log that: ${LOG_MODEL}. docs/mlflow.md has the lines of each library, and what they import.`;
  return reason('FORMAT_UNSUPPORTED', message, fix);
}
