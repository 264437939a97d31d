import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { rejectFileOperations } from './file-operations.js';

describe('refuseFileOperations', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bestrun-saved-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (operation: string) =>
    writeFileSync(
      join(folder, 'saved_model.pb'),
      Buffer.concat([Buffer.from([10, 9]), Buffer.from(operation), Buffer.from([0])]),
    );

  it('lets a graph pass that only computes', async () => {
    write('MatMul');

    await expect(rejectFileOperations(folder)).resolves.toBeUndefined();
  });

  it.each(['WriteFile', 'ReadFile', 'PyFunc'])('refuses a graph that uses %s', async (operation) => {
    write(operation);

    await expect(rejectFileOperations(folder)).rejects.toMatchObject({ code: 'LOAD_FAILED' });
  });
});
