import { NOT_A_FILE, TOO_LARGE } from '../files/file-system.js';
import { toReadReason } from './read-error-reason.js';

describe('what cannot be read of a run', () => {
  const reasonFor = (code: string) =>
    toReadReason('RUN_FILE_MISSING', 'run.json', Object.assign(new Error('/secret/path'), { code }), 'It is gone.');

  it.each([
    ['EACCES', 'run.json cannot be read (EACCES).', /^Give the server the right to read/],
    ['EPERM', 'run.json cannot be read (EPERM).', /^Give the server the right to read/],
    ['EIO', 'run.json cannot be read (EIO).', /^Check the disk or share/],
    ['ENOENT', 'It is gone.', /^Write run.json into the run folder/],
  ])('is told with what helps against %s', (code, message, fix) => {
    expect(reasonFor(code)).toEqual({ code: 'RUN_FILE_MISSING', message, fix: expect.stringMatching(fix) as string });
  });

  it.each([NOT_A_FILE, TOO_LARGE])('is not called missing when it is there and is not read (%s)', (code) => {
    expect(reasonFor(code).code).toBe('RUN_FILE_INVALID');
  });
});
