import type { ServerResponse } from 'node:http';

import type { AnswerSubject, EndpointAnswer } from './http-endpoint.js';

const targets = new WeakMap<ServerResponse, AnswerSubject>();

/** What the answer on a response is about. */
export function subjectOf(response: ServerResponse): AnswerSubject | undefined {
  return targets.get(response);
}

/** Writes a whole answer to a response of Node's HTTP server, beside the headers that are set on it already. */
export function writeAnswer(response: ServerResponse, answer: EndpointAnswer): void {
  const { status, headers, body } = answer;
  response.statusCode = status;
  if (answer.subject) targets.set(response, answer.subject);
  for (let i = 0; i < headers.length; i += 2) response.setHeader(headers[i]!, headers[i + 1]!);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
