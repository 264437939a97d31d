import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { until } from '../../../test/support/until.js';
import { endWhenStalled } from './stalled-connections.js';

const STALLED_MS = 100;
/** More than the kernel keeps for a client that does not read. */
const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x');

const servers: Server[] = [];
const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) server.close();
});

const listen = async (server: Server): Promise<number> => {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
const open = async (port: number): Promise<Socket> => {
  const client = connect(port, '127.0.0.1');
  clients.push(client);
  client.on('error', () => undefined);
  await once(client, 'connect');
  return client.pause();
};

/** Both send 24 MiB to whoever says something. */
const raw = (ended: () => void) =>
  createServer((socket) => {
    socket.on('error', () => undefined).once('close', ended);
    endWhenStalled(socket, STALLED_MS);
    socket.once('data', () => socket.write(LARGE));
  });
const http = (ended: () => void) =>
  createHttpServer((_request, response) => {
    response.once('close', ended);
    response.end(LARGE);
  }).on('connection', (socket: Socket) => endWhenStalled(socket, STALLED_MS));

describe.each([
  ['a socket', raw],
  ['an answer of the HTTP server', http],
])('the client of %s', (_what, serve) => {
  let ended: number;
  const start = () => {
    ended = 0;
    return listen(serve(() => (ended += 1)));
  };
  const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  it('is ended when it reads nothing', async () => {
    const client = await open(await start());
    client.write(REQUEST);

    await until(() => ended === 1);
  });

  it('is ended when it reads nothing, although it goes on sending', async () => {
    const client = await open(await start());
    client.write(REQUEST);
    const next = `${REQUEST.slice(0, -2)}X: ${'x'.repeat(1_000)}`[Symbol.iterator]();
    const timer = setInterval(() => client.write(next.next().value ?? 'x'), STALLED_MS / 4);

    await until(() => ended === 1).finally(() => clearInterval(timer));
  });

  it('is left alone when there is nothing to read', async () => {
    const port = await start();
    const idle = await open(port);
    const other = await open(port);
    other.write(REQUEST);

    await until(() => ended === 1);
    expect(idle.resume().destroyed).toBe(false);
    other.destroy();
  });
});
