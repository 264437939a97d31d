import { truncate } from '../../lib/truncate.js';
import { RunError } from '../../domain/verdict.js';

/** What ONNX Runtime's text says, in words for the owner of the run. First match wins; `$1` and `$2` are matched names. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [
    /opset \d+ is under development|onnx opset|Unsupported model IR version/i,
    'The model uses a newer ONNX version than this ONNX Runtime knows: export it with a lower opset.',
  ],
  [
    /Could not find an implementation for ([\w.]+)/,
    'ONNX Runtime has no CPU implementation of the operator $1 with these element types.',
  ],
  [
    /([\w.-]+):(\w+)\(-?\d+\) is not a registered function\/op/,
    'The model uses the operator $2 of the domain $1, which ONNX Runtime does not know: export it with standard operators.',
  ],
  [/([\w.]+) is not a registered function\/op/, 'The model uses the operator $1, which ONNX Runtime does not know.'],
  [/No Op registered for ([\w.]+)/, 'The model uses the operator $1, which ONNX Runtime does not know.'],
  [
    /external data|External initializer|GetFileLength|cannot get file size/i,
    'The weights that the model keeps in a second file are missing, cut short or outside its folder.',
  ],
  [/bad allocation|Failed to allocate memory/i, 'There is not enough memory to load the model.'],
  [
    /INVALID_PROTOBUF|Protobuf parsing failed|ModelProto does not have a graph|does not contain a graph/i,
    'The file is no ONNX model, or it is damaged or cut short.',
  ],
  [
    /INVALID_GRAPH|not a valid model|Type Error|ShapeInferenceError|TypeInferenceError/i,
    'The model contradicts itself: its nodes do not fit together.',
  ],
];

/** The verdict on a model that ONNX Runtime refused. Its own text holds paths, so it goes along as the cause only. */
export function onnxLoadError(cause: unknown): RunError {
  const text = cause instanceof Error ? cause.message : String(cause);
  for (const [pattern, message] of MESSAGES) {
    const match = pattern.exec(text);
    if (!match) continue;
    const named = message.replace(/\$([12])/g, (_, group: string) => truncate(match[Number(group)] ?? ''));
    return new RunError('LOAD_FAILED', named, { cause });
  }
  return new RunError('LOAD_FAILED', 'ONNX Runtime refused the model.', { cause });
}
