import type { TensorPart } from '../../domain/tensor-rows.js';
import type { MemoryUse, ModelHandle, PredictOptions } from '../model-host.js';
import type { ModelInfo } from '../inference-engine.js';

/** A model whose predictions may take no longer than a limit, whatever their caller allows. */
export class LimitedHandle implements ModelHandle {
  /** @param timeoutMs  longest time of a prediction. */
  constructor(
    private readonly handle: ModelHandle,
    private readonly timeoutMs: number,
  ) {}

  get info(): ModelInfo {
    return this.handle.info;
  }

  get memory(): MemoryUse {
    return this.handle.memory;
  }

  predictParts(inputs: readonly TensorPart[], options: PredictOptions): Promise<readonly TensorPart[]> {
    return this.handle.predictParts(inputs, this.limited(options));
  }

  release(): Promise<void> {
    return this.handle.release();
  }

  private limited(options: PredictOptions): PredictOptions {
    return { ...options, timeoutMs: Math.min(options.timeoutMs, this.timeoutMs) };
  }
}
