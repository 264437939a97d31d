import { sizeOf } from '../../domain/tensor.js';
import type { DType, NamedTensors, TensorData } from '../../domain/tensor.js';
import type { VerdictCode } from '../../domain/verdict.js';
import type { LoadRequest, ModelInfo } from '../inference-engine.js';

/** A named tensor as it crosses threads. */
export type MessageTensor = readonly [name: string, dtype: DType, shape: readonly number[], data: TensorData];

/** What the main thread asks of an inference thread; each gets one `Reply`. `model` is the pool's number of it. */
export type Request =
  | { readonly kind: 'load'; readonly model: number; readonly request: LoadRequest }
  | {
      readonly kind: 'predict';
      readonly model: number;
      readonly inputs: readonly MessageTensor[];
      readonly outputNames: readonly string[];
      readonly rowByRow: boolean;
      /** From now on the thread is to give way to all others. */
      readonly lowerPriority: boolean;
    }
  | { readonly kind: 'release'; readonly model: number };

/** What an inference thread says once, when it can take its first request. */
export interface Ready {
  readonly kind: 'ready';
}

/**
 * What an inference thread answers. `computeMs` is the time of the engine alone; a busy main thread does not add to it.
 * `cause` is text for the log.
 */
export type Reply =
  | { readonly kind: 'loaded'; readonly info: ModelInfo }
  | { readonly kind: 'predicted'; readonly outputs: readonly MessageTensor[]; readonly computeMs: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'problem'; readonly code: VerdictCode; readonly message: string; readonly cause: string }
  | { readonly kind: 'failed'; readonly cause: string };

/** Tensors ready to be posted, with the memory that moves along instead of being copied. */
export interface TransferPayload {
  readonly tensors: readonly MessageTensor[];
  readonly transfer: ArrayBuffer[];
}

/**
 * Packs tensors for another thread. Data that owns its whole buffer is moved; a view of a larger one is copied first,
 * because posting it would carry the whole buffer along.
 *
 * @throws Error when a tensor has not as much data as its shape says, e.g. because its memory was given away before:
 *   an empty buffer that was moved away can be posted, but never arrives.
 */
export function toPayload(tensors: NamedTensors): TransferPayload {
  const transfer = new Set<ArrayBuffer>();
  const messageTensors: MessageTensor[] = [];
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data.length !== sizeOf(shape))
      throw new Error(`tensor "${name}" holds ${data.length} values for the shape [${shape.join()}]`);
    const own = Array.isArray(data) ? data : ownBuffer(data);
    if (!Array.isArray(own)) transfer.add(own.buffer as ArrayBuffer);
    messageTensors.push([name, dtype, shape, own]);
  }
  return { tensors: messageTensors, transfer: [...transfer] };
}

function ownBuffer<T extends Exclude<TensorData, string[]>>(data: T): T {
  const isFullBuffer = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
  return isFullBuffer ? data : (data.slice() as T);
}

/** The tensors of a parcel, as the other thread got it. */
export function fromPayload(tensors: readonly MessageTensor[]): NamedTensors {
  return new Map(tensors.map(([name, dtype, shape, data]) => [name, { dtype, shape, data }]));
}
