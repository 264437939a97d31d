import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { until } from '../../../test/support/until.js';
import { OpenAnswers } from './open-answers.js';

const CONTINUE = 'HTTP/1.1 100 Continue';
const REQUEST = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';

describe(OpenAnswers.name, () => {
  const responses: ServerResponse[] = [];
  const server = Object.assign(
    createServer((request, response) => {
      OpenAnswers.of(request.socket).add(response);
      responses.push(response);
    }),
    { httpAllowHalfOpen: true },
  );
  let client: Socket;
  let received = '';
  const ownSocket = () => responses[0]!.req.socket;

  beforeEach(async () => {
    responses.length = 0;
    received = '';
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
    client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  });
  afterEach(() => client.destroy());
  afterAll(() => server.close());

  it('listen once to a connection, however many requests are sent ahead', async () => {
    client.write(REQUEST);
    await until(() => responses.length === 1);
    const before = ownSocket().listenerCount('end');
    client.write(REQUEST.repeat(20));
    await until(() => responses.length === 21);

    expect(ownSocket().listenerCount('end')).toBe(before);
    for (const response of responses) response.end('ok');
    await until(() => received.split('HTTP/1.1 200').length === 22);
  });

  it('ask a client that has ended its side whether it is there, but never within an answer', async () => {
    client.end(REQUEST.repeat(2));
    await until(() => responses.length === 2 && received.includes(CONTINUE));
    const [first, second] = responses;

    first!.writeHead(200, { 'Content-Length': 4 });
    first!.write('ab');
    await until(() => received.endsWith('ab'));
    first!.end('cd');
    await until(() => received.endsWith(`abcd${CONTINUE}\r\n\r\n`));
    second!.end('ok');
    await until(() => received.endsWith('ok'));
  });
});
