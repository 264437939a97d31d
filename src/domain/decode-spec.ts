import type { JsonValue } from '../lib/json/json.js';

/** What turns the model's raw numbers into probabilities. */
export type Activation = 'none' | 'sigmoid' | 'softmax';

interface DecodeCommon {
  /** Output field → input field or prepared text to repeat in the answer. */
  readonly echo?: Readonly<Record<string, string>>;
  /** Output fields given only when the caller asks for them by name (`include`). */
  readonly on_request?: readonly string[];
  /** Fields of the bare answer; the decoder's main field(s) unless said. */
  readonly primary?: readonly string[];
}

/** An output tensor of the model. */
interface FromTensor {
  /** May be left out where the model has one output only. */
  readonly tensor?: string;
}

/** Two classes from one probability: `labels[1]` when it is at or above the threshold, else `labels[0]`. */
interface BinaryHead extends FromTensor {
  readonly kind: 'binary';
  readonly activation?: Activation;
  /** Column of the positive class in a [rows, n] tensor; the last one unless said. */
  readonly positive?: number;
  /** Default 0.5. */
  readonly threshold?: number;
  readonly labels: readonly [JsonValue, JsonValue];
  readonly field: string;
  /** Field for the probability of `labels[1]`. */
  readonly probability_field?: string;
}

/** The class with the highest probability; the first of equals. */
interface MultiClassHead extends FromTensor {
  readonly kind: 'multi-class';
  readonly activation?: Activation;
  readonly labels: readonly JsonValue[];
  readonly field: string;
  /** Field for the winner's probability. */
  readonly probability_field?: string;
  /** Field for an object label → probability. */
  readonly probabilities_field?: string;
}

/** Every label whose probability is at or above its threshold, in the order of `labels`. */
interface MultiLabelHead extends FromTensor {
  readonly kind: 'multi-label';
  readonly activation?: Activation;
  readonly labels: readonly string[];
  /** One for all labels, or one for each in their order. */
  readonly threshold: number | readonly number[];
  readonly field: string;
  readonly probabilities_field?: string;
}

/** Numbers: one field per column, `value * multiply + add`. */
interface RegressionHead extends FromTensor {
  readonly kind: 'regression';
  readonly fields: readonly string[];
  readonly multiply?: number;
  readonly add?: number;
}

/** Rows of tensors as they are, nested by shape: output field → tensor. */
interface TensorsHead {
  readonly kind: 'tensors';
  readonly fields: Readonly<Record<string, string>>;
  /** Output fields given as the value itself, not as a list of one, where the tensor holds one value per row. */
  readonly single?: readonly string[];
}

/** The `k` labels with the highest scores, highest first: a list of `{label, score}`; null when a score is NaN. */
interface TopKHead extends FromTensor {
  readonly kind: 'top-k';
  readonly activation?: Activation;
  readonly labels: readonly JsonValue[];
  readonly k: number;
  readonly field: string;
}

/** One vector per row, from the states of its tokens or as the model gives it. */
interface EmbeddingHead extends FromTensor {
  readonly kind: 'embedding';
  /**
   * `mean` of the tokens that count, or the first one (`cls`), from [rows, tokens, size]; the vector itself from
   * [rows, size] with `none`. Default `none`.
   */
  readonly pooling?: 'none' | 'mean' | 'cls';
  /** Input tensor [rows, tokens] that is 0 for tokens that do not count; all count unless given. */
  readonly mask?: string;
  /** Whether vectors are divided by their length. Default false. */
  readonly normalize?: boolean;
  readonly field: string;
}

/** Two quantiles as one field `{low, high}`, `value * multiply + add`. */
interface IntervalHead extends FromTensor {
  readonly kind: 'interval';
  /** Column of `tensor`, or the name of a tensor of its own with one value per row. */
  readonly low: number | string;
  readonly high: number | string;
  readonly field: string;
  /** A third one, e.g. the median, for a field of its own. */
  readonly value?: number | string;
  readonly value_field?: string;
  readonly multiply?: number;
  readonly add?: number;
}

/** One way in which output tensors become output fields. */
export type HeadDecode =
  BinaryHead | MultiClassHead | MultiLabelHead | RegressionHead | TensorsHead | TopKHead | EmbeddingHead | IntervalHead;

/** A head of one kind. */
export type HeadOf<Kind extends HeadDecode['kind']> = Extract<HeadDecode, { readonly kind: Kind }>;

/** `decode` of a run with one head of one kind. */
export type DecodeOf<Kind extends HeadDecode['kind']> = HeadOf<Kind> & DecodeCommon;

/** Several of them in one answer, each with fields of its own. */
interface HeadsDecode {
  readonly kind: 'heads';
  readonly heads: readonly HeadDecode[];
}

/** How the model's output tensors become the output row. */
export type DecodeSpec = (HeadDecode | HeadsDecode) & DecodeCommon;

/** The heads of a run: one, unless it has several. */
export function headsOf(decode: DecodeSpec): readonly HeadDecode[] {
  return decode.kind === 'heads' ? decode.heads : [decode];
}
