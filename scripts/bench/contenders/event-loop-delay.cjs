/**
 * Loaded before the server under test (`node --require`): tells its parent how late the event loop ran, when asked.
 * The server's own code knows nothing of it.
 */
const { isMainThread } = require('node:worker_threads');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const RESOLUTION_MS = 1;

if (isMainThread && process.send) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  process.on('message', (message) => {
    if (message === 'event-loop-delay:reset') histogram.reset();
    // Each value is the time between two ticks of a timer, so a loop that is never late shows the timer's own interval.
    const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    if (message === 'event-loop-delay') {
      process.send({
        p50: late(histogram.percentile(50)),
        p99: late(histogram.percentile(99)),
        max: late(histogram.max),
      });
    }
  });
  process.channel.unref();
}
