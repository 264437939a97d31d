import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

import { PredictionTiming } from '../../domain/prediction-timing.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { CONTRACT_HEADER, CONTRACT_MATCH_HEADER, readContractMatch } from './contract-header.js';
import { TIMEOUT_HEADER, readTimeout } from './timeout-header.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** The body as it came, unpacked. */
    rawBody?: Buffer;
    /** How long it took to read the body as JSON, milliseconds. */
    parseMs?: number;
    /** How long a large body waited for its turn, milliseconds. */
    turnMs?: number;
    /** Where the time of a prediction went; set for requests that predict. */
    timing?: PredictionTiming;
  }
}

/** What a request for predictions says of time and contract, and where the answer's part of both goes. */
export interface RequestClock {
  /** Milliseconds that the client is willing to wait; Infinity when it does not say. */
  readonly timeoutMs: number;
  /** `performance.now()` from which they count. */
  readonly sinceMs: number;
  /** Where the time goes, to be filled in. */
  readonly timing: PredictionTiming;
  /** Hashes of the contracts that the client can work with; empty when it does not say. */
  readonly acceptedContracts: readonly string[];
  /** Puts the contract of the run that answers on the answer, an error too. */
  readonly tellContract: (contract: string) => void;
}

/**
 * The clock of a request.
 *
 * @throws ValidationError when X-Timeout-Ms is not a number of milliseconds, or If-Contract-Match no hash.
 */
export const Clock = createParamDecorator((_data: unknown, context: ExecutionContext): RequestClock => {
  const request = context.switchToHttp().getRequest<Request>();
  const response = context.switchToHttp().getResponse<Response>();
  const timeoutMs = readTimeout(request.headers, Infinity);
  if (timeoutMs === undefined) throw new ValidationError([BAD_TIMEOUT]);
  const acceptedContracts = readContractMatch(request.headers);
  if (!acceptedContracts) throw new ValidationError([BAD_CONTRACT]);
  const timing = new PredictionTiming();
  timing.parseMs = request.parseMs ?? 0;
  timing.bodyWaitMs = request.turnMs ?? 0;
  request.timing = timing;
  const tellContract = (contract: string) => void response.setHeader(CONTRACT_HEADER, contract);
  return { timeoutMs, sinceMs: request.arrivedAtMs, timing, acceptedContracts, tellContract };
});

const BAD_CONTRACT = {
  loc: ['header', CONTRACT_MATCH_HEADER.toLowerCase()],
  msg: 'value is not a contract hash: 16 hex digits, in quotes or not; several are separated by commas',
  type: 'value_error',
} as const;

const BAD_TIMEOUT = {
  loc: ['header', TIMEOUT_HEADER.toLowerCase()],
  msg: 'value is not a whole number of milliseconds from 1 to 999999999',
  type: 'value_error',
} as const;
