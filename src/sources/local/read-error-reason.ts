import { reason } from '../../domain/verdict.js';
import type { VerdictCode, VerdictReason } from '../../domain/verdict.js';
import { NOT_A_FILE } from './read-regular-file.js';

/**
 * Reason for a file system error while reading a run, with a fix that helps: without permission, copying files is no
 * use.
 *
 * @param subject  what was to be read, as the subject of a sentence.
 * @param missing  message when it does not exist.
 */
export function toReadReason(code: VerdictCode, subject: string, error: unknown, missing: string): VerdictReason {
  const { code: errorCode = 'unknown error' } = error as NodeJS.ErrnoException;
  if (errorCode === 'ENOENT' || errorCode === 'ENOTDIR') return reason(code, missing);
  if (errorCode === NOT_A_FILE) return reason(code, `${subject} is not a file.`, 'Put a file in its place.');
  const message = `${subject} cannot be read (${errorCode}).`;
  const isForbidden = errorCode === 'EACCES' || errorCode === 'EPERM';
  const fix = isForbidden
    ? 'Give the server the right to read the run folder and all of its files.'
    : 'Check the disk or share that holds the run folder; it is read again when it changes.';
  return reason(code, message, fix);
}
