import { reason } from '../../domain/verdict.js';
import type { VerdictCode, VerdictReason } from '../../domain/verdict.js';
import { NOT_A_FILE, TOO_LARGE } from '../files/file-system.js';

/**
 * Reason for a file system error while reading a run, with a fix that helps: without permission, copying files is no
 * use.
 *
 * @param subject  what was to be read, as the subject of a sentence.
 * @param missing  message when it does not exist.
 * @param maxBytes  the limit that a file went over, if that is the error.
 */
export function toReadReason(
  code: VerdictCode,
  subject: string,
  error: unknown,
  missing: string,
  maxBytes?: number,
): VerdictReason {
  const { code: errorCode = 'unknown error', size } = error as NodeJS.ErrnoException & { readonly size?: number };
  if (errorCode === 'ENOENT' || errorCode === 'ENOTDIR') return reason(code, missing);
  if (errorCode === NOT_A_FILE)
    return reason(codeOfPresent(code), `${subject} is not a file.`, 'Put a file in its place.');
  if (errorCode === TOO_LARGE) {
    const fix = 'Keep it small: what is large belongs into a file of its own, as docs/run-format.md says.';
    return reason(codeOfPresent(code), `${subject} has ${size} bytes; at most ${maxBytes} are read.`, fix);
  }
  if (errorCode === 'ETIMEDOUT') {
    const fix = 'Check the disk or share that holds the run folder; it is read again once it answers.';
    return reason(code, `${subject} cannot be read: the disk does not answer.`, fix);
  }
  const message = `${subject} cannot be read (${errorCode}).`;
  const isForbidden = errorCode === 'EACCES' || errorCode === 'EPERM';
  const fix = isForbidden
    ? 'Give the server the right to read the run folder and all of its files.'
    : 'Check the disk or share that holds the run folder; it is read again when it changes.';
  return reason(code, message, fix);
}

/** What is there is not missing: it has a form that is not read. */
function codeOfPresent(code: VerdictCode): VerdictCode {
  return code === 'RUN_FILE_MISSING' ? 'RUN_FILE_INVALID' : code;
}
