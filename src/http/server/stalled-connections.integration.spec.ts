import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { until } from '../../../test/support/until.js';
import { endStalledAnswer, endWhenStalled } from './stalled-connections.js';

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
    endStalledAnswer(response, STALLED_MS);
    response.end(LARGE);
  });

describe.each([
  ['a socket', raw],
  ['an answer of the HTTP server', http],
])('the client of %s', (_what, serve) => {
  let hasEnded: boolean;
  const start = () => {
    hasEnded = false;
    return listen(serve(() => (hasEnded = true)));
  };
  const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  it('is ended when it reads nothing', async () => {
    const client = await open(await start());
    client.write(REQUEST);

    await until(() => hasEnded);
  });

  it('is ended when it reads nothing, although it goes on sending', async () => {
    const client = await open(await start());
    client.write(REQUEST);
    const timer = setInterval(() => client.write('P'), STALLED_MS / 4);

    await until(() => hasEnded).finally(() => clearInterval(timer));
  });
});
