import type { ModelFormat } from '../../../domain/run.js';
import { reason } from '../../../domain/verdict.js';
import type { VerdictReason } from '../../../domain/verdict.js';
import { textOf } from '../yaml-text.js';
import type { MlModel } from './ml-model.js';

/** What is loaded of a logged model; the path is relative to the model's folder. */
export interface ServableArtifact {
  readonly format: ModelFormat;
  readonly path: string;
}

/** How each flavor that cannot run here becomes one that can. */
const EXPORTS: Readonly<Record<string, string>> = {
  sklearn: 'onx = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})',
  xgboost: 'onx = onnxmltools.convert_xgboost(model, initial_types=[("input", FloatTensorType([None, n]))])',
  lightgbm: 'onx = onnxmltools.convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, n]))])',
  catboost: 'model.save_model("model.onnx", format="onnx"); onx = onnx.load("model.onnx")',
  pytorch: 'torch.onnx.export(model, X[:1], "model.onnx", dynamic_axes={…}); onx = onnx.load("model.onnx")',
  transformers: 'export it with optimum-cli export onnx; onx = onnx.load("model.onnx")',
  tensorflow: 'model.export("saved", format="onnx"), or tf2onnx.convert.from_keras(model)',
  keras: 'model.export("saved", format="onnx"), or tf2onnx.convert.from_keras(model)',
  statsmodels: 'write its formula as an ONNX graph',
};

/**
 * The part of a logged model that an engine here computes: ONNX, or a TensorFlow SavedModel.
 *
 * @returns a reason FORMAT_UNSUPPORTED with how to export the model when there is none.
 */
export function servableArtifact({ flavors }: MlModel): ServableArtifact | VerdictReason {
  const onnx = flavors.onnx && textOf(flavors.onnx, 'data');
  if (onnx) return { format: 'onnx', path: onnx };
  const savedModel = savedModelPath(flavors.tensorflow);
  if (savedModel) return { format: 'saved-model', path: savedModel };
  return unsupported(Object.keys(flavors));
}

/** Plain SavedModels, and Keras models of the years when they were SavedModels too; `.keras` and `.h5` are neither. */
function savedModelPath(flavor: MlModel['flavors'][string] | undefined): string | undefined {
  if (!flavor) return undefined;
  const module = textOf(flavor, 'saved_model_dir');
  if (module) return module;
  const data = textOf(flavor, 'data');
  const isSavedModel = textOf(flavor, 'model_type') === 'keras' && textOf(flavor, 'save_format') === 'tf';
  return data && isSavedModel ? `${data}/model` : undefined;
}

function unsupported(flavors: readonly string[]): VerdictReason {
  const named = flavors.filter((name) => name !== 'python_function');
  const known = named.find((name) => Object.hasOwn(EXPORTS, name));
  const what = named.length > 0 ? `the flavor ${named.join(', ')}` : 'Python code only';
  const message = `The logged model is ${what}, which needs Python to run.`;
  const how = known ? `Export it to ONNX (${EXPORTS[known]})` : 'Export it to ONNX';
  const fix = `${how} and log that: mlflow.onnx.log_model(onx, …). docs/mlflow.md shows it whole.`;
  return reason('FORMAT_UNSUPPORTED', message, fix);
}
