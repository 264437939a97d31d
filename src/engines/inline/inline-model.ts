import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { TensorPart } from '../../domain/tensor-rows.js';
import { computeRows } from '../worker/compute-rows.js';
import type { RowsOptions } from '../worker/compute-rows.js';
import type { EngineModel, LoadRequest, ModelInfo } from '../inference-engine.js';
import { CallTimes } from './call-times.js';
import type { CallSize } from './call-times.js';

/** Most rows of a call on the main thread: a crowd is computed in the threads. */
const MAX_INLINE_ROWS = 64;
/** A larger model is not loaded on the main thread, which loading blocks. */
const MAX_MODEL_BYTES = 8 * 1024 * 1024;
/** How long a model that failed is computed in the threads only, before it may prove itself again. */
const PAUSE_MS = 60_000;
/** A text may take so many times as long as other rows while nothing else waits. */
const LONE_TEXT_FACTOR = 3;

/** What an inline model needs to know and to have. */
interface InlineOptions {
  readonly request: LoadRequest;
  readonly info: ModelInfo;
  /** Longest time a call may take on the main thread, milliseconds. */
  readonly maxMs: number;
  /** Tells that calls are computed on the main thread from now on, or no longer; `cause` is for the log. */
  readonly onChange: (isInline: boolean, cause: string) => void;
  /** Reserves memory for the second session, and gives back how to return it; undefined when there is none. */
  readonly reserve?: () => { readonly release: () => void } | undefined;
}

/** What would be computed together. */
interface Waiting extends CallSize {
  /** Predictions. */
  readonly size: number;
}

/** What a call on the main thread gave, and how long the engine took. */
interface InlineOutputs {
  readonly outputs: readonly TensorPart[];
  readonly computeMs: number;
}

/**
 * A second session of a tiny model, on the main thread. Waking a thread costs several times what a tiny model computes;
 * a call on the main thread costs nothing of that, but blocks all others. So a model gets there only by what was
 * measured: its graph has no operator whose time values decide, its calls in the threads were short, again and again,
 * and it never failed. Its calls go on being measured, and it goes back to the threads when they get long.
 */
export class InlineModel {
  private readonly times = new CallTimes();
  private model: EngineModel | undefined;
  private memory: { readonly release: () => void } | undefined;
  private state: 'proving' | 'loading' | 'ready' | 'paused' | 'off';
  private readonly isText: boolean;

  constructor(private readonly options: InlineOptions) {
    const { request, info, maxMs } = options;
    const isPossible = request.format === 'onnx' && info.hasPlainOperators === true;
    this.state = isPossible && maxMs > 0 ? 'proving' : 'off';
    this.isText = info.inputs.some(({ dtype }) => dtype === 'string');
  }

  /** Whether what waits may be computed on the main thread now. */
  accepts(waiting: Waiting): boolean {
    const { rows, size } = waiting;
    if (this.state !== 'ready' || rows > MAX_INLINE_ROWS) return false;
    return this.times.callMs(waiting) <= this.limitMs(rows, size === 1);
  }

  /** Records a call that a thread computed. */
  recordThreadCall(call: CallSize, computeMs: number): void {
    const { rows } = call;
    if (rows > MAX_INLINE_ROWS || (this.state !== 'proving' && this.state !== 'ready')) return;
    this.times.record(call, computeMs);
    if (this.state === 'proving' && this.times.callMs(call) <= this.limitMs(rows, true)) void this.load();
  }

  /** Computes rows on the main thread; only what it accepts. @throws what the engine throws. */
  async compute(inputs: readonly TensorPart[], call: CallSize, options: RowsOptions): Promise<InlineOutputs> {
    // Runs right before the engine, which computes in an immediate of its own: so the computing alone is measured.
    let startMs = 0;
    setImmediate(() => (startMs = performance.now()));
    const outputs = await computeRows(this.model!, inputs, options);
    const computeMs = performance.now() - startMs;
    this.times.record(call, computeMs);
    return { outputs, computeMs };
  }

  /** A call failed: the threads compute from now on, and the model has to prove itself again. */
  recordFailure(cause: string): void {
    if (this.state === 'ready' || this.state === 'proving') this.pause(cause);
  }

  /** A thread hung or was lost while it computed the model: it is never computed on the main thread again. */
  recordLoss(): void {
    this.turnOff('a thread was lost that computed it');
  }

  /** Whether calls are computed there, unless many rows wait. */
  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Whether there is a session beside those of the threads. */
  get hasCopy(): boolean {
    return this.memory !== undefined;
  }

  /**
   * Gives back the session, whose memory another model needs. What may be computed here has to prove itself again after
   * a while. Not to be called while it computes.
   *
   * @returns whether there was one.
   */
  async giveBack(): Promise<boolean> {
    if (!this.model || this.state === 'loading') return false;
    if (this.state !== 'off') this.pause('its memory was needed for another model');
    await this.disposeModel();
    return true;
  }

  /** Gives back the session; nothing may be computed any more. */
  async release(): Promise<void> {
    this.state = 'off';
    await this.disposeModel();
  }

  private async disposeModel(): Promise<void> {
    const { model, memory } = this;
    this.model = undefined;
    this.memory = undefined;
    await model?.dispose();
    memory?.release();
  }

  private limitMs(rows: number, isAlone: boolean): number {
    const { maxMs } = this.options;
    return this.isText && rows === 1 && isAlone ? LONE_TEXT_FACTOR * maxMs : maxMs;
  }

  private async load(): Promise<void> {
    const { reserve } = this.options;
    if (reserve) this.memory ??= reserve();
    if (reserve && !this.memory) return this.pause('there is no room for another copy');
    this.state = 'loading';
    try {
      this.model ??= await openModel(this.options.request);
      if (!this.isLoading()) return await this.release();
      this.state = 'ready';
      this.options.onChange(true, '');
    } catch (error) {
      this.memory?.release();
      this.memory = undefined;
      this.turnOff(String(error));
    }
  }

  /** Asked anew after an `await`: the model may have been released meanwhile. */
  private isLoading(): boolean {
    return this.state === 'loading';
  }

  private pause(cause: string): void {
    const wasReady = this.state === 'ready';
    this.state = 'paused';
    this.times.clear();
    setTimeout(() => {
      if (this.state === 'paused') this.state = 'proving';
    }, PAUSE_MS).unref();
    if (wasReady) this.options.onChange(false, cause);
  }

  private turnOff(cause: string): void {
    if (this.state === 'off') return;
    const wasReady = this.state === 'ready';
    this.state = 'off';
    if (wasReady) this.options.onChange(false, cause);
  }
}

async function openModel(request: LoadRequest): Promise<EngineModel> {
  const { size } = await stat(join(request.runFolder, request.path));
  if (size > MAX_MODEL_BYTES) throw new Error(`the model has ${size} bytes`);
  const { OnnxEngine } = await import('../onnx/onnx-engine.js');
  return new OnnxEngine().load(request);
}
