import { posix } from 'node:path';

const KERAS = 'model.export("model.onnx", format="onnx"), or tf2onnx.convert.from_keras(model)';
const PICKLE = 'skl2onnx.to_onnx(model, X[:1], options={"zipmap": False}) for scikit-learn';
const TORCH = 'torch.onnx.export(model, X[:1], "model.onnx", dynamic_axes={…})';

/** How a file of each kind becomes one that needs no Python. */
const EXPORTS: ReadonlyMap<string, string> = new Map([
  ['.keras', KERAS],
  ['.h5', KERAS],
  ['.hdf5', KERAS],
  ['.pkl', PICKLE],
  ['.pickle', PICKLE],
  ['.joblib', PICKLE],
  ['.pt', TORCH],
  ['.pth', TORCH],
]);

/** What to do about an artifact that only Python can load, by its name; undefined for any other. */
export function exportOfPythonFile(path: string): string | undefined {
  const how = EXPORTS.get(posix.extname(path).toLowerCase());
  return how === undefined ? undefined : `Export the model to ONNX, with ${how}, and name that file.`;
}
