import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';

import { HandedConnections } from './handed-connections.js';

/** A server process as Node's cluster talks to it, with what was sent and what Node was told. */
function aWorker() {
  const sent: unknown[][] = [];
  const told: unknown[] = [];
  const child = Object.assign(new EventEmitter(), { send: (...values: unknown[]) => sent.push(values) > 0 });
  child.on('internalMessage', (message) => told.push(message));
  const worker = Object.assign(new EventEmitter(), { process: child, isConnected: () => true });
  return { worker: worker as unknown as Worker, child, sent, told };
}

const aConnection = () => ({ close: jest.fn() });
const handover = (seq: number) => ({ cmd: 'NODE_CLUSTER', act: 'newconn', seq });

describe(HandedConnections.name, () => {
  it('keep what comes while the processes close the port, and hand it over as what it is when they have', () => {
    const [first, second] = [aWorker(), aWorker()];
    const connections = new HandedConnections();
    for (const { worker } of [first, second]) connections.watch(worker, () => undefined);
    const [early, ...late] = [aConnection(), aConnection(), aConnection()];
    const closings = [early, ...late].map(({ close }) => close);
    first.child.send(handover(1), early);

    connections.keepAll();
    for (const [i, connection] of late.entries()) {
      first.child.send(handover(i + 2), connection);
      // As Node does with one that was taken.
      connection.close();
    }

    expect(first.sent).toEqual([[handover(1), early]]);
    expect(first.told).toEqual([2, 3].map((ack) => ({ cmd: 'NODE_CLUSTER', ack, accepted: true })));
    connections.sendKept([first.worker, second.worker], 'late');
    expect([first.sent.at(-1), second.sent.at(-1)]).toEqual(
      late.map((connection) => ['late', connection, undefined, expect.any(Function)]),
    );
    const own = closings.slice(1);
    expect(own.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    for (const { sent } of [first, second]) (sent.at(-1)!.at(-1) as () => void)();
    expect(own.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it('close what they kept when no process is there any more', () => {
    const { worker, child } = aWorker();
    const connections = new HandedConnections();
    connections.watch(worker, () => undefined);
    const connection = aConnection();
    const { close } = connection;
    connections.keepAll();
    child.send(handover(1), connection);

    connections.sendKept([], 'late');

    expect(close).toHaveBeenCalledTimes(1);
  });
});
