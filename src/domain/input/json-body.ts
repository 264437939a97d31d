import { isUtf8 } from 'node:buffer';

import { JsonSyntaxError, parseJson } from '../../lib/json/json-text.js';
import type { JsonValue } from '../../lib/json/json.js';
import { AppError } from '../app-error.js';
import { ValidationError } from '../validation-issue.js';

const BYTE_ORDER_MARK = 0xfeff;

/**
 * The text of a body.
 *
 * @throws AppError BODY_NOT_READABLE for bytes that are not UTF-8.
 */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new AppError('BODY_NOT_READABLE');
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/**
 * Reads a body as JSON.
 *
 * @returns undefined for an empty body.
 * @throws AppError BODY_NOT_READABLE for bytes that are not UTF-8.
 * @throws ValidationError with the position, for text that is not JSON.
 */
export function parseJsonBody(bytes: Buffer): JsonValue | undefined {
  return bytes.length === 0 ? undefined : parseBodyText(bodyText(bytes));
}

/**
 * The same for its text.
 *
 * @param depth  how deep it nests, where that is known.
 * @throws ValidationError with the position, for text that is not JSON.
 */
export function parseBodyText(text: string, depth?: number): JsonValue {
  try {
    return parseJson(text, { depth });
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
