import { STATUS_CODES } from 'node:http';

/** A body as a client sees it. Method and address are put in when its operation is known. */
export function envelopeExample(content: object, status = 200, message = STATUS_CODES[status]): object {
  return {
    message,
    method: 'GET',
    'status-code': status,
    timestamp: '2026-01-31T12:00:00.000Z',
    url: 'http://localhost:5000/',
    ...content,
  };
}

/** Whether a value is an example of the envelope. */
export function isEnvelope(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'status-code' in value && 'method' in value && 'url' in value;
}
