import type { JsonValue } from '../lib/json.js';

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

/** Two classes from one probability: `labels[1]` when it is at or above the threshold, else `labels[0]`. */
export interface BinaryDecode extends DecodeCommon {
  readonly kind: 'binary';
  readonly tensor: string;
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
export interface MultiClassDecode extends DecodeCommon {
  readonly kind: 'multi-class';
  readonly tensor: string;
  readonly activation?: Activation;
  readonly labels: readonly JsonValue[];
  readonly field: string;
  /** Field for the winner's probability. */
  readonly probability_field?: string;
  /** Field for an object label → probability. */
  readonly probabilities_field?: string;
}

/** Every label whose probability is at or above the threshold, in the order of `labels`. */
export interface MultiLabelDecode extends DecodeCommon {
  readonly kind: 'multi-label';
  readonly tensor: string;
  readonly activation?: Activation;
  readonly labels: readonly string[];
  readonly threshold: number;
  readonly field: string;
  readonly probabilities_field?: string;
}

/** Numbers: one field per column, `value * multiply + add`. */
export interface RegressionDecode extends DecodeCommon {
  readonly kind: 'regression';
  readonly tensor: string;
  readonly fields: readonly string[];
  readonly multiply?: number;
  readonly add?: number;
}

/** Rows of tensors as they are, nested by shape: output field → tensor. */
export interface TensorsDecode extends DecodeCommon {
  readonly kind: 'tensors';
  readonly fields: Readonly<Record<string, string>>;
  /** Output fields given as the value itself, not as a list of one, where the tensor holds one value per row. */
  readonly single?: readonly string[];
}

/** How the model's output tensors become the output row. */
export type DecodeSpec = BinaryDecode | MultiClassDecode | MultiLabelDecode | RegressionDecode | TensorsDecode;
