import { RowReader } from './row-reader.js';

describe(RowReader.name, () => {
  it('reads a short body before long ones that wait already, and each in the end', async () => {
    const reader = new RowReader({ threads: 1 });
    const limits = { deadlineMs: Infinity, timeoutMs: 60_000 };
    const read: string[] = [];
    const outline = async (name: string, rows: number) => {
      const body = reader.open(Buffer.from(JSON.stringify({ inputs: new Array(rows).fill({ a: 1 }) })), 'inputs');
      const { rows: count } = await reader.outline(body, { maxRows: 1_000, maxStructures: 10_000 }, limits);
      expect(count).toBe(rows);
      read.push(name);
    };

    await Promise.all([
      outline('first', 900),
      outline('long', 900),
      outline('longer', 1_000),
      outline('short', 10),
      outline('shorter', 5),
    ]);
    await reader.onApplicationShutdown();

    expect(read).toEqual(['first', 'shorter', 'short', 'long', 'longer']);
  });
});
