/** One value of a metric as it was logged in training. */
export interface MetricPoint {
  /** Epoch, batch or whatever the trainer counted. */
  readonly step: number;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** NaN and the infinities where the trainer had no number. */
  readonly value: number;
}
