import { RunError } from '../../domain/verdict.js';
import { truncate } from '../../lib/truncate.js';
import { engineText } from '../engine-text.js';

/** What ONNX Runtime's text means, in words for the owner of the run. */
interface ErrorRule {
  readonly pattern: RegExp;
  /** `$1` and `$2` are what the pattern's groups found. */
  readonly message: string;
  /** The message has every fact of the text, which need not follow it. */
  readonly isWhole?: true;
}

/** The first match wins. */
const ERROR_RULES: readonly ErrorRule[] = [
  {
    pattern: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/i,
    message:
      'The model has IR version $1, and this ONNX Runtime reads IR versions up to $2: set model.ir_version = $2 before you save it. A lower opset does not help.',
    isWhole: true,
  },
  {
    pattern: /Opset (\d+) is under development.*?support for domain (ai\.onnx\.ml) is till opset (\d+)/is,
    message:
      'The model uses opset $1 of the domain $2, and this ONNX Runtime knows opsets up to $3: export it with target_opset={"": 21, "$2": $3}.',
    isWhole: true,
  },
  {
    pattern: /Opset (\d+) is under development.*?support for domain (\S+) is till opset (\d+)/is,
    message:
      'The model uses opset $1 of the domain $2, and this ONNX Runtime knows opsets up to $3: export it with a lower one (opset_version=21, target_opset=21). The newest ones may come with an IR version that it does not read.',
    isWhole: true,
  },
  {
    pattern: /construct locale with name:\s*([\w.@-]+)/i,
    message:
      'The model lower-cases texts by the rules of the locale $1, which this machine does not have. Install it (Debian: the package locales, then locale-gen $1; the container image of bestrun has en_US.UTF-8), or export the model without it: skl2onnx.to_onnx(…, options={TfidfVectorizer: {"locale": "C", "tokenexp": r"[\\p{L}\\p{N}_]{2,}"}}), or the same with CountVectorizer.',
    isWhole: true,
  },
  {
    pattern: /Can not digest (separators|tokenexp):?\s*(.*)/i,
    message:
      'The model splits texts by a regular expression that ONNX Runtime (RE2) cannot read: $1 $2. Give the vectorizer a token_pattern without (?u), look-ahead or look-behind, or list separators: options={TfidfVectorizer: {"separators": [" ", "[.]", …]}}.',
    isWhole: true,
  },
  {
    pattern: /^Unsupported data type: (\d+)/i,
    message:
      'The model takes or gives numbers of a type that ONNX Runtime for Node.js does not carry (ONNX type $1; 16 is bfloat16): cast them to float32 inside the model.',
    isWhole: true,
  },
  {
    pattern: /Could not find an implementation for ([\w.]+)/,
    message: 'ONNX Runtime has no CPU implementation of the operator $1 with these element types.',
  },
  {
    pattern: /ai\.onnx\.contrib:(\w+)\(-?\d+\) is not a registered function\/op/,
    message:
      'The model uses the operator $1 of ONNX Runtime Extensions (domain ai.onnx.contrib), which are not installed here: export it without pre- and post-processing, and prepare its inputs in encode.',
    isWhole: true,
  },
  {
    pattern: /([\w.-]+):(\w+)\(-?\d+\) is not a registered function\/op/,
    message:
      'The model uses the operator $2 of the domain $1, which ONNX Runtime does not know: export it with standard operators.',
    isWhole: true,
  },
  {
    pattern: /([\w.]+) is not a registered function\/op/,
    message: 'The model uses the operator $1, which ONNX Runtime does not know.',
    isWhole: true,
  },
  {
    pattern: /No Op registered for ([\w.]+)/,
    message: 'The model uses the operator $1, which ONNX Runtime does not know.',
  },
  {
    pattern: /external data|External initializer|GetFileLength|cannot get file size/i,
    message: 'The weights that the model keeps in a second file are missing, cut short or outside its folder.',
  },
  {
    pattern: /bad allocation|Failed to allocate memory/i,
    message: 'There is not enough memory to load the model.',
  },
  {
    pattern: /INVALID_PROTOBUF|Protobuf parsing failed|ModelProto does not have a graph|does not contain a graph/i,
    message: 'The file is no ONNX model, or it is damaged or cut short.',
  },
  {
    pattern:
      /bound to different types \((?:tensor\(double\) and tensor\(float\)|tensor\(float\) and tensor\(double\))/i,
    message:
      'The model contradicts itself: float32 and float64 meet in one node. Export it with float32 inputs (FloatTensorType, or a sample of float32).',
  },
  {
    pattern: /INVALID_GRAPH|not a valid model|invalid model|Type Error|ShapeInferenceError|TypeInferenceError/i,
    message: 'The model contradicts itself: its nodes do not fit together.',
  },
];

/**
 * The verdict on a model that ONNX Runtime refused: what its text means, and the text itself, without paths, where that
 * says more. The whole of it goes along as the cause.
 */
export function onnxLoadError(cause: unknown): RunError {
  const text = engineText(cause);
  for (const { pattern, message, isWhole } of ERROR_RULES) {
    const match = pattern.exec(text);
    if (!match) continue;
    const named = message.replace(/\$([123])/g, (_, group: string) => truncate(match[Number(group)] ?? ''));
    return new RunError('LOAD_FAILED', isWhole ? named : `${named} ONNX Runtime says: ${text}`, { cause });
  }
  return new RunError('LOAD_FAILED', `ONNX Runtime refused the model: ${text}`, { cause });
}
