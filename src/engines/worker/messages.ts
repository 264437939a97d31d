import type { ModelFormat } from '../../domain/run.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import { sizeOf } from '../../domain/tensor.js';
import type { DType, NamedTensors, TensorData } from '../../domain/tensor.js';
import type { VerdictCode } from '../../domain/verdict.js';
import type { LoadRequest, ModelInfo } from '../inference-engine.js';

/** A named tensor as it crosses threads. */
type MessageTensor = readonly [name: string, dtype: DType, shape: readonly number[], data: TensorData];

/** Tensors of some rows as they cross threads. */
type MessagePart = readonly [rows: number, tensors: readonly MessageTensor[]];

/** Request of the main thread to an inference thread; each gets one `Reply`. `model` is the pool's key of it. */
export type Request =
  /** Loads the engine of a format, before a model of it. */
  | { readonly kind: 'prepare'; readonly format: ModelFormat }
  | { readonly kind: 'load'; readonly model: number; readonly request: LoadRequest }
  | {
      readonly kind: 'predict';
      readonly model: number;
      /** One part per shape of rows. */
      readonly inputs: readonly MessagePart[];
      readonly outputNames: readonly string[];
      readonly rowByRow: boolean;
      /** The thread must lower its priority from now on. */
      readonly lowerPriority: boolean;
    }
  | { readonly kind: 'release'; readonly model: number };

/** Sent once by an inference thread, when it can take its first request. */
export interface Ready {
  readonly kind: 'ready';
}

/** Reply of an inference thread. `computeMs` is the time of the engine alone. `cause` is text for the log. */
export type Reply =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'loaded'; readonly info: ModelInfo }
  | { readonly kind: 'predicted'; readonly outputs: readonly MessagePart[]; readonly computeMs: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'problem'; readonly code: VerdictCode; readonly message: string; readonly cause: string }
  | { readonly kind: 'failed'; readonly cause: string };

/** Tensors ready to be posted, with the buffers that are transferred instead of copied. */
interface TransferPayload {
  readonly parts: readonly MessagePart[];
  readonly transfer: ArrayBuffer[];
}

/**
 * Prepares tensors for another thread. Data that owns its whole buffer is transferred; a view of a larger one is copied
 * first, because posting it would send the whole buffer.
 *
 * @throws Error when a tensor has less data than its shape says, e.g. because its buffer was transferred before: an
 *   empty transferred buffer can be posted, but never arrives.
 */
export function toPayload(parts: readonly TensorPart[]): TransferPayload {
  const transfer = new Set<ArrayBuffer>();
  const messageParts = parts.map(({ rows, tensors }): MessagePart => [rows, toMessage(tensors, transfer)]);
  return { parts: messageParts, transfer: [...transfer] };
}

/** Rows of all parts of a message. */
export function rowsOfParts(parts: readonly MessagePart[]): number {
  return parts.reduce((sum, [rows]) => sum + rows, 0);
}

function toMessage(tensors: NamedTensors, transfer: Set<ArrayBuffer>): MessageTensor[] {
  const messageTensors: MessageTensor[] = [];
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data.length !== sizeOf(shape))
      throw new Error(`tensor "${name}" holds ${data.length} values for the shape [${shape.join()}]`);
    const own = Array.isArray(data) ? data : ownBuffer(data);
    if (!Array.isArray(own)) transfer.add(own.buffer as ArrayBuffer);
    messageTensors.push([name, dtype, shape, own]);
  }
  return messageTensors;
}

function ownBuffer<T extends Exclude<TensorData, string[]>>(data: T): T {
  const isFullBuffer = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
  return isFullBuffer ? data : (data.slice() as T);
}

/** The parts of a received payload. */
export function fromPayload(parts: readonly MessagePart[]): TensorPart[] {
  return parts.map(([rows, tensors]) => ({ rows, tensors: fromMessage(tensors) }));
}

function fromMessage(tensors: readonly MessageTensor[]): NamedTensors {
  return new Map(tensors.map(([name, dtype, shape, data]) => [name, { dtype, shape, data }]));
}
