import { setTimeout as sleep } from 'node:timers/promises';

import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';

import type { AppConfig } from '../config/app-config.js';
import { ReadinessService } from '../health/readiness.service.js';
import type { FastPath } from '../http/fast-path/fast-path.js';
import type { ConnectionDrain } from '../http/server/drain-connections.js';
import { countEndingThreads } from '../lib/threads/ending-threads.js';
import { endByForce, endProcess } from './end-process.js';

/** A server that can be stopped. */
export interface RunningServer {
  readonly app: NestExpressApplication;
  readonly fastPath: FastPath | undefined;
  readonly connections: ConnectionDrain;
}

/**
 * Stops a server, and ends the process in a known time whatever is stuck:
 *
 * 1. For SHUTDOWN_DELAY_MS `/readyz` answers 503 and everything else as before; answers ask to close their connection.
 * 2. The port closes. Each connection ends when what has arrived on it is answered, for SHUTDOWN_GRACE_MS at most.
 * 3. The threads end, then the process: with 0, or by force when requests or threads did not end in time.
 */
export async function stopServer(server: RunningServer, config: AppConfig, logger: Logger): Promise<void> {
  const { shutdownDelayMs, shutdownGraceMs } = config;
  const facts = { delay_ms: shutdownDelayMs, grace_ms: shutdownGraceMs };
  const delay = shutdownDelayMs > 0 ? `it takes requests for ${shutdownDelayMs} ms while /readyz says 503, then ` : '';
  logger.info(facts, `bestrun stops: ${delay}it finishes running requests and takes no new ones`);
  server.app.get(ReadinessService).startDraining();
  server.connections.announceEnd();
  await sleep(shutdownDelayMs);
  // Never unref'd: it must come even when nothing else keeps the event loop alive.
  const timer = setTimeout(() => void cutOff(server, shutdownGraceMs, logger), shutdownGraceMs);
  await server.connections.drain();
  await server.app.close();
  clearTimeout(timer);
  await end(logger);
}

/** Whatever still runs: a thread in native code would make any other exit wait or crash. */
async function cutOff({ fastPath, connections }: RunningServer, graceMs: number, logger: Logger): Promise<void> {
  const requests = connections.openRequests + (fastPath?.openRequests ?? 0);
  const what = requests > 0 ? 'requests did not finish in time' : 'threads or connections did not end in time';
  logger.error({ grace_ms: graceMs, requests }, `${what} and are cut off`);
  await endByForce();
}

async function end(logger: Logger): Promise<void> {
  const threads = countEndingThreads();
  if (threads > 0) {
    logger.error({ threads }, 'every request is answered, but a thread still computes: it is cut off');
    return endByForce();
  }
  logger.info('bestrun has stopped');
  await endProcess(0);
}
