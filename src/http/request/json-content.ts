import { isUtf8 } from 'node:buffer';

import { AppError } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { JsonSyntaxError, parseJson } from '../../lib/json-text.js';
import type { JsonValue } from '../../lib/json.js';

const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json$/i;
/** The content type that `fetch` gives to a string when its caller names none. */
const UNLABELLED_FETCH = /^text\/plain;\s*charset=utf-8$/i;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Refuses a body that does not say it is JSON. A missing content type counts as JSON (clients of the first API send
 * none), and so does the type that `fetch` gives to a string by itself.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE.
 */
export function requireJsonType(contentType: string | undefined): void {
  if (contentType === undefined || isJsonType(contentType)) return;
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', { received: printable(contentType) });
}

function isJsonType(contentType: string): boolean {
  if (UNLABELLED_FETCH.test(contentType)) return true;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  const charset = parameters
    .find((parameter) => /^charset=/i.test(parameter))
    ?.slice(8)
    .replace(/"/g, '');
  return JSON_TYPE.test(type!) && (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset));
}

/** A header a client sent, safe to repeat: short and plain. */
function printable(text: string): string {
  return text.replace(/[^\w/+.;=, -]/g, '').slice(0, 100) || 'an unreadable type';
}

/**
 * Reads a body as JSON.
 *
 * @returns undefined for an empty body.
 * @throws AppError BODY_NOT_READABLE for bytes that are not UTF-8.
 * @throws ValidationError with the position, for text that is not JSON.
 */
export function parseJsonBody(bytes: Buffer): JsonValue | undefined {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw new AppError('BODY_NOT_READABLE');
  const text = bytes.toString('utf8');
  try {
    return parseJson(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const { reason, position, line, column, message } = error;
    throw new ValidationError([
      {
        loc: ['body', position],
        msg: message,
        type: 'value_error.jsondecode',
        ctx: { msg: reason, pos: position, lineno: line, colno: column },
      },
    ]);
  }
}
