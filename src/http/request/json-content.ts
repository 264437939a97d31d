import { AppError } from '../../domain/app-error.js';

const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json$/i;
/** The content type that `fetch` gives to a string when its caller names none. */
const UNTYPED_FETCH = /^text\/plain;\s*charset=utf-8$/i;

/**
 * Refuses a body that does not say it is JSON. A missing content type counts as JSON (clients of the first API send
 * none), and so does the type that `fetch` gives to a string by itself.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE.
 */
export function requireJsonType(contentType: string | undefined): void {
  if (contentType === undefined || isJsonType(contentType)) return;
  throw new AppError('UNSUPPORTED_MEDIA_TYPE', { received: escapeText(contentType) });
}

function isJsonType(contentType: string): boolean {
  if (UNTYPED_FETCH.test(contentType)) return true;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  const charset = parameters
    .find((parameter) => /^charset=/i.test(parameter))
    ?.slice(8)
    .replace(/"/g, '');
  return JSON_TYPE.test(type!) && (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset));
}

/** A header a client sent, safe to repeat: short and plain. */
function escapeText(text: string): string {
  return text.replace(/[^\w/+.;=, -]/g, '').slice(0, 100) || 'an unreadable type';
}
