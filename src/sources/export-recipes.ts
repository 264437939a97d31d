/**
 * How a model of each kind becomes ONNX: one list for the messages of verdicts, for docs/mlflow.md and for the interop
 * test that runs every recipe with the real library and compares what is served with Python (test/interop/exports).
 */
export interface ExportRecipe {
  readonly id: string;
  /** What MLflow calls such models. */
  readonly flavor: string;
  /** Which models of the flavor it is for; `model` and the data `X` are what its owner trained and trained it on. */
  readonly of: string;
  readonly imports: readonly string[];
  /** Python statements that make `onx`, one a line. */
  readonly code: readonly string[];
}

/** Reads what the lines before it have written. */
const LOAD_FILE = 'onx = onnx.load("model.onnx")';
/** Writes what the lines before it have made. */
const SAVE_FILE = 'open("model.onnx", "wb").write(onx.SerializeToString())';

/** Without an option of its own a LinearSVC at the end of a pipeline is an error of skl2onnx 1.20. */
const ZIPMAP =
  'options={id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else {id(getattr(model, "steps", [[model]])[-1][-1]): {}}';

/** In the order of docs/mlflow.md; of a flavor the first one is the usual one. */
export const EXPORT_RECIPES: readonly ExportRecipe[] = [
  {
    id: 'sklearn-numbers',
    flavor: 'sklearn',
    of: 'models and pipelines of numbers, trained on a data frame or an array',
    imports: ['import numpy as np, skl2onnx'],
    code: [`onx = skl2onnx.to_onnx(model, np.asarray(X[:1], dtype="float32"), ${ZIPMAP})`],
  },
  {
    id: 'sklearn-columns',
    flavor: 'sklearn',
    of: 'pipelines that name columns of a data frame, texts among them (ColumnTransformer)',
    imports: [
      'import pandas as pd, skl2onnx',
      'from skl2onnx.common.data_types import FloatTensorType, StringTensorType',
    ],
    code: [
      'types = [(c, (FloatTensorType if pd.api.types.is_numeric_dtype(X[c]) else StringTensorType)([None, 1])) for c in X]',
      `onx = skl2onnx.to_onnx(model, initial_types=types, ${ZIPMAP})`,
    ],
  },
  {
    id: 'sklearn-text',
    flavor: 'sklearn',
    of: 'pipelines of one text (TfidfVectorizer); `X` is a data frame with the column "text", the pipeline was trained on X["text"]',
    imports: [
      'import skl2onnx',
      'from skl2onnx.common.data_types import StringTensorType',
      'from sklearn.feature_extraction.text import TfidfVectorizer',
    ],
    code: [
      'options = {TfidfVectorizer: {"locale": "C", "tokenexp": r"[\\p{L}\\p{N}_]{2,}"}, **({id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else {id(model[-1]): {}})}',
      'onx = skl2onnx.to_onnx(model, initial_types=[("text", StringTensorType([None]))], options=options)',
    ],
  },
  {
    id: 'xgboost',
    flavor: 'xgboost',
    of: 'XGBClassifier, XGBRegressor, trained on a data frame or an array of numbers',
    imports: ['import copy, onnxmltools', 'from onnxmltools.convert.common.data_types import FloatTensorType'],
    code: [
      'unnamed = copy.deepcopy(model)',
      'unnamed.get_booster().feature_names = None',
      'onx = onnxmltools.convert_xgboost(unnamed, initial_types=[("input", FloatTensorType([None, X.shape[1]]))])',
    ],
  },
  {
    id: 'lightgbm',
    flavor: 'lightgbm',
    of: 'LGBMClassifier, LGBMRegressor; columns of the dtype category need a contract, too',
    imports: ['import onnxmltools', 'from onnxmltools.convert.common.data_types import FloatTensorType'],
    code: [
      'onx = onnxmltools.convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, X.shape[1]]))], zipmap=False)',
    ],
  },
  {
    id: 'catboost',
    flavor: 'catboost',
    of: 'CatBoostClassifier, CatBoostRegressor of numbers',
    imports: ['import onnx'],
    code: [
      'model.save_model("model.onnx", format="onnx")',
      LOAD_FILE,
      'for zipmap in [node for node in onx.graph.node if node.op_type == "ZipMap"]: onx.graph.node.remove(zipmap); onx.graph.output[1].CopyFrom(onnx.helper.make_tensor_value_info(zipmap.input[0], onnx.TensorProto.FLOAT, [None, len(model.classes_)]))',
    ],
  },
  {
    id: 'pytorch',
    flavor: 'pytorch',
    of: 'modules that take one float32 array; `X` is the array, or a data frame of its columns',
    imports: ['import numpy as np, onnx, torch'],
    code: [
      'sample = torch.from_numpy(np.asarray(X[:2], dtype="float32"))',
      'torch.onnx.export(model.eval(), (sample,), "model.onnx", input_names=["input"], output_names=["output"], dynamic_shapes=({0: torch.export.Dim("rows")},), external_data=False)',
      LOAD_FILE,
    ],
  },
  {
    id: 'keras',
    flavor: 'keras',
    of: 'Keras 3, with TensorFlow and tf2onnx, or with PyTorch and onnxscript',
    imports: ['import onnx'],
    code: ['model.export("model.onnx", format="onnx")', LOAD_FILE],
  },
];

/** What logs `onx` so that every output of the model is served under its own name. */
export const LOG_MODEL = 'mlflow.onnx.log_model(onx, name="model", signature=infer_signature(X), input_example=X[:3])';

/** The lines that write the file `model.onnx`: those of a recipe, without reading it again. */
export function fileLines({ code }: ExportRecipe): readonly string[] {
  return code.at(-1) === LOAD_FILE ? code.slice(0, -1) : [...code, SAVE_FILE];
}

/** The recipe of a flavor: of several, the one for what the signature says that rows hold. */
export function recipeFor(flavors: readonly string[], hasTexts: boolean): ExportRecipe | undefined {
  // MLflow logs Keras models under either name.
  const names = flavors.map((name) => (name === 'tensorflow' ? 'keras' : name));
  const recipes = EXPORT_RECIPES.filter(({ flavor }) => names.includes(flavor));
  return (hasTexts ? recipes.find(({ id }) => id === 'sklearn-columns') : undefined) ?? recipes[0];
}
