import { RunError } from '../../domain/verdict.js';
import type { Reply } from '../worker/messages.js';
import type { ThreadEnd } from './pool-worker.js';

/** Why a thread is ended that loads a model for too long. */
export const LOAD_TIMEOUT = 'loading took longer than its limit';

/** What a reply that is not the one wanted says, for the log. */
export function causeOf(reply: Reply | ThreadEnd): string {
  return 'cause' in reply ? reply.cause : `unexpected reply: ${reply.kind}`;
}

/** The verdict on a model that a thread could not load. */
export function loadError(reply: Reply | ThreadEnd): RunError {
  const cause = new Error(causeOf(reply));
  if (reply.kind === 'problem') return new RunError(reply.code, reply.message, { cause });
  if (reply.kind !== 'lost')
    return new RunError('LOAD_FAILED', 'The engine failed while it loaded the model.', { cause });
  const outcome =
    reply.cause === LOAD_TIMEOUT ? 'took too long' : 'ended the thread that did it, for example for want of memory';
  return new RunError('LOAD_FAILED', `Loading the model ${outcome}.`, { cause });
}
