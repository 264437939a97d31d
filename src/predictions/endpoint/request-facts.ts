import type { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { envelopeWriter } from '../../http/envelope/envelope.js';
import type { EnvelopeWriter } from '../../http/envelope/envelope.js';
import { toAppError } from '../../http/errors/to-app-error.js';
import { acceptsJson } from '../../http/request/accept-header.js';
import { CONTRACT_MATCH_HEADER, readContractMatch } from '../../http/request/contract-header.js';
import { requireJsonType } from '../../http/request/json-content.js';
import { hasBody, headerText } from '../../http/request/request-head.js';
import type { RequestHead } from '../../http/request/request-head.js';
import { parseQuery } from '../../http/request/query-parser.js';
import { SECRET_PARAMETERS, requestUrl } from '../../http/request/request-url.js';
import { TIMEOUT_HEADER, readTimeout } from '../../http/request/timeout-header.js';
import { unknownMemberIssues } from '../../http/validation/pydantic-v1-rules.js';
import type { MatchedRoute } from './route-table.js';

/** What the head of a request says, read once and kept for all requests with the same head. */
export interface RequestFacts extends MatchedRoute {
  readonly method: string;
  /** Absolute, as requested, secrets masked. */
  readonly url: string;
  /** Writes the envelope of a good answer. */
  readonly writeEnvelope: EnvelopeWriter;
  /** The query as sent, without the question mark. */
  readonly query: string;
  readonly accept: string | undefined;
  /** Milliseconds; Infinity when the client does not say. */
  readonly timeoutMs: number;
  readonly acceptedContracts: readonly string[];
  /** What is wrong with the head: it is answered before the body is looked at. */
  readonly error: AppError | undefined;
}

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

/** Reads a head. */
export function readFacts(matched: MatchedRoute, head: RequestHead, config: AppConfig): RequestFacts {
  const { method, headers, url } = head;
  const accept = headerText(headers, 'accept');
  const timeoutMs = readTimeout(headers, Infinity);
  const acceptedContracts = readContractMatch(headers);
  const mark = url.indexOf('?');
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const address = requestUrl(head, config);
  return {
    ...matched,
    method,
    url: address,
    writeEnvelope: envelopeWriter({ method, url: address }, 200),
    query,
    accept,
    timeoutMs: timeoutMs ?? Infinity,
    acceptedContracts: acceptedContracts ?? [],
    error:
      errorOf(head, accept, timeoutMs !== undefined, acceptedContracts !== undefined) ??
      unknownParameters(matched, query, config),
  };
}

/** The first thing wrong with a head, in the order in which a server has to look: form of the answer, form of the body. */
function errorOf(head: RequestHead, accept: string | undefined, isTimeout: boolean, isContract: boolean) {
  if (!acceptsJson(accept)) return new AppError('NOT_ACCEPTABLE');
  const typeError = mediaTypeError(head);
  if (typeError) return typeError;
  if (!isTimeout) return new ValidationError([BAD_TIMEOUT]);
  return isContract ? undefined : new ValidationError([BAD_CONTRACT]);
}

/** What is wrong with the query of a request whose body says everything: nobody reads it. */
function unknownParameters({ route }: MatchedRoute, query: string, { unknownMembers }: AppConfig) {
  if (query === '' || route.rows !== 'inputs' || unknownMembers === 'ignore') return undefined;
  try {
    const issues = unknownMemberIssues(Object.keys(parseQuery(query)), SECRET_PARAMETERS, ['query'], NOT_IN_QUERY);
    return issues.length > 0 ? new ValidationError(issues) : undefined;
  } catch (error) {
    return toAppError(error);
  }
}

const NOT_IN_QUERY = 'the query of a request with a body takes nothing but a key: write it into the body';

/** What is wrong with the type of the body, if there is one. */
function mediaTypeError(head: RequestHead): AppError | undefined {
  if (!hasBody(head)) return undefined;
  try {
    requireJsonType(headerText(head.headers, 'content-type'));
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}
