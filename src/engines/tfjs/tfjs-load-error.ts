import { RunError } from '../../domain/verdict.js';
import { engineText } from '../engine-text.js';

/** What the text of TensorFlow.js says, in words for the owner of the run. First match wins; `$1` is the matched name. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [
    /Unknown layer: ([\w>.-]*\w)/,
    'The model uses the layer $1, which TensorFlow.js does not have. A layer of your own is Python code: export the model as a graph model (tf.saved_model.save, then tensorflowjs_converter --input_format=tf_saved_model), or to ONNX.',
  ],
  [
    /Unknown (?:activation|initializer|regularizer|constraint): ([\w>.-]*\w)/,
    'The model uses $1, which TensorFlow.js does not have.',
  ],
  [
    /Unknown op '([\w.]+)'|Node type ([\w.]+) is not implemented/,
    'The model uses the operation $1, which TensorFlow.js does not have.',
  ],
  [/Kernel '(\w+)' not registered/, 'The model uses the operation $1, which no backend of TensorFlow.js has.'],
  [
    /tensor should have \d+ values|weight.*shape|incompatible with|missing weight|no target variable|not enough|multiple of|out of bounds|Invalid typed array length/i,
    'The weights do not fit the model: a weight file is missing, cut short or of another model.',
  ],
];

/** The operation that a model cannot have on this backend, where that is what an error says. */
export function missingOperation(error: unknown): string | undefined {
  const match = /Kernel '(\w+)' not registered|Unknown op '([\w.]+)'/.exec(messageOf(error));
  return match?.[1] ?? match?.[2];
}

/** Meanings that leave out what the text says beside them. */
const isGeneric = (message: string): boolean => message.startsWith('The weights');

/**
 * The verdict on a model that TensorFlow.js refused: what its text means, and the text itself, without paths, where that
 * says more. The whole of it goes along as the cause.
 */
export function tfjsLoadError(cause: unknown): RunError {
  if (cause instanceof RunError) return cause;
  for (const [pattern, message] of MESSAGES) {
    const match = pattern.exec(messageOf(cause));
    if (!match) continue;
    const named = message.replace('$1', match[1] ?? match[2] ?? '');
    const whole = isGeneric(message) ? `${named} TensorFlow.js says: ${engineText(cause)}` : named;
    return new RunError('LOAD_FAILED', whole, { cause });
  }
  return new RunError('LOAD_FAILED', `TensorFlow.js refused the model: ${engineText(cause)}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
