import { createHash } from 'node:crypto';

/** A document ready to be sent. */
export interface DocumentText {
  readonly text: string;
  /** Strong: a digest of the text. */
  readonly etag: string;
}

/** A text as a document. */
export function toDocumentText(text: string): DocumentText {
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}
