import { EventEmitter } from 'node:events';

import { endWithPrimary } from './primary-end.js';

describe(endWithPrimary.name, () => {
  const disconnected = (isPrimary: boolean, worker?: { exitedAfterDisconnect: boolean }): string[] => {
    const child = new EventEmitter();
    const calls: string[] = [];
    child.on('disconnect', () => calls.push('exit'));
    endWithPrimary(() => calls.push('end'), { isPrimary, worker } as never, child as never);
    child.emit('disconnect');
    return calls;
  };

  it('ends a process before Node does, which would wait for its threads', () => {
    expect(disconnected(false, { exitedAfterDisconnect: false })).toEqual(['end', 'exit']);
  });

  it('leaves those alone that were told to stop, and the first process', () => {
    expect(disconnected(false, { exitedAfterDisconnect: true })).toEqual(['exit']);
    expect(disconnected(true)).toEqual(['exit']);
  });
});
