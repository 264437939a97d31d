import type { NamedTensors } from '../../domain/tensor.js';
import type { PendingPrediction } from './pending-prediction.js';

/** The inputs of one call for all its predictions. */
export function joinInputs(predictions: readonly PendingPrediction[]): NamedTensors {
  return predictions[0]!.inputs;
}

/** Outputs that any of the predictions asked for. */
export function joinOutputNames(predictions: readonly PendingPrediction[]): readonly string[] {
  return predictions[0]!.options.outputNames;
}

/** Gives each prediction its share of what one call computed. */
export function shareOutputs(predictions: readonly PendingPrediction[], outputs: NamedTensors): void {
  predictions[0]!.succeed(outputs);
}
