import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { LoadGenerator } from './load-generator.mjs';

const get = [{ method: 'GET', path: '/' }];

/** Runs `use` with the port of a server, and closes the server. */
async function withServer(server, use) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use({ host: '127.0.0.1', port: server.address().port });
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

const answering = (answer) => createHttpServer(answer);
const plain = (response, status = 200, body = 'ok') =>
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) }).end(body);

test('a closed loop counts as many answers as the server gave', async () => {
  let served = 0;
  const server = answering((_request, response) => plain(response, 200, `answer ${served++}`));
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 4, durationMs: 60_000, maxRequests: 500 }).run(),
  );
  assert.equal(result.answers, served);
  assert.equal(result.sent, served);
  assert.ok(served >= 500 && served < 504, `${served}`);
  assert.deepEqual(result.statuses, { 200: served });
  assert.equal(result.errors, 0);
});

test('a closed loop holds one request per connection', async () => {
  let now = 0;
  let most = 0;
  const server = answering(async (_request, response) => {
    most = Math.max(most, ++now);
    await sleep(5);
    now--;
    plain(response);
  });
  await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 7, durationMs: 100 }).run(),
  );
  assert.equal(most, 7);
});

test('latency and throughput are those of a server with a known delay', async () => {
  const server = answering((_request, response) => setTimeout(() => plain(response), 50));
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 2, durationMs: 1000 }).run(),
  );
  assert.ok(result.latencyMs.p50 >= 49 && result.latencyMs.p50 < 75, `${result.latencyMs.p50}`);
  assert.ok(result.requestsPerSecond > 24 && result.requestsPerSecond <= 41, `${result.requestsPerSecond}`);
});

test('status codes are counted apart, bodies arrive whole, requests go in turn', async () => {
  const seen = [];
  const server = answering(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.url} ${body}`);
    plain(response, request.url === '/b' ? 422 : 200);
  });
  const requests = [
    { method: 'POST', path: '/a', body: '{"ä":1}' },
    { method: 'POST', path: '/b', body: '{}' },
  ];
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests, connections: 1, durationMs: 5000, maxRequests: 4 }).run(),
  );
  assert.deepEqual(result.statuses, { 200: 2, 422: 2 });
  assert.deepEqual(seen, ['POST /a {"ä":1}', 'POST /b {}', 'POST /a {"ä":1}', 'POST /b {}']);
});

test('headers go out as given, and a body is JSON only unless they say otherwise', async () => {
  const seen = [];
  const server = answering((request, response) => {
    const { accept, 'content-type': type, 'content-length': length, host } = request.headers;
    seen.push({ accept, type, length, host });
    plain(response);
  });
  const headers = { Accept: 'application/json, text/plain, */*', 'Content-Type': 'text/csv', Host: 'api.example.com' };
  const requests = [
    { method: 'PUT', path: '/', body: 'ä', headers },
    { method: 'POST', path: '/', body: '{}' },
    { method: 'GET', path: '/', headers: { Accept: '*/*' } },
  ];
  await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests, connections: 1, durationMs: 5000, maxRequests: 3 }).run(),
  );
  assert.deepEqual(seen, [
    { accept: headers.Accept, type: 'text/csv', length: '2', host: 'api.example.com' },
    { accept: undefined, type: 'application/json', length: '2', host: '127.0.0.1' },
    { accept: '*/*', type: undefined, length: undefined, host: '127.0.0.1' },
  ]);
});

test('goodput counts answers with 200 alone; an answer that was expected is none that was not', async () => {
  const server = answering((request, response) => plain(response, Number(request.url.slice(1))));
  const asking = (path, expectedStatus) => ({ method: 'GET', path, expectedStatus });
  const requests = [asking('/200'), asking('/422', 422), asking('/503'), asking('/200', 200)];
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests, connections: 1, durationMs: 5000, maxRequests: 40 }).run(),
  );
  assert.deepEqual(result.statuses, { 200: 20, 422: 10, 503: 10 });
  assert.equal(result.unexpected, 10);
  // The last answer comes after the end, which the last request brings.
  const share = result.goodputPerSecond / result.requestsPerSecond;
  assert.ok(share >= 19 / 39 && share <= 20 / 39, `${share}`);
});

test('connections may be quiet between their opening and their first request', async () => {
  const quietMs = 300;
  let opened = 0;
  let firstRequestAfter;
  const server = answering((_request, response) => {
    firstRequestAfter ??= performance.now() - opened;
    plain(response);
  });
  server.on('connection', () => (opened = performance.now()));
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 3, durationMs: 5000, maxRequests: 9, quietMs }).run(),
  );
  assert.ok(firstRequestAfter >= quietMs - 20, `${firstRequestAfter}`);
  assert.equal(result.errors, 0);
});

test('a server that closes a connection in that quiet is an error', async () => {
  const server = createTcpServer((socket) => setTimeout(() => socket.destroy(), 20));
  const load = { requests: get, connections: 2, durationMs: 100, quietMs: 60_000 };
  await withServer(server, (target) =>
    assert.rejects(new LoadGenerator({ ...target, ...load }).run(), /closed a connection before it was used/),
  );
});

test('more connections than a server takes in at once are all opened and used', async () => {
  let opened = 0;
  const server = answering((_request, response) => plain(response));
  server.on('connection', () => opened++);
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 1200, durationMs: 60_000, maxRequests: 2400 }).run(),
  );
  assert.equal(opened, 1200);
  assert.equal(result.errors, 0);
  assert.deepEqual(result.statuses, { 200: result.sent });
});

test('a connection that the server ends after an answer is opened again, and nothing is lost', async () => {
  let opened = 0;
  const server = answering((_request, response) => plain(response.setHeader('Connection', 'close')));
  server.on('connection', () => opened++);
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 1, durationMs: 60_000, maxRequests: 5 }).run(),
  );
  assert.equal(result.errors, 0);
  assert.deepEqual(result.statuses, { 200: 5 });
  assert.ok(opened >= 5, `${opened}`);
});

test('answers that come in pieces, larger than any buffer, or empty are each read as one', async () => {
  const answers = [
    ['HTTP/1.1 200 OK\r\nContent-Le', 'ngth: 5\r\n\r', '\nhe', 'llo'],
    [`HTTP/1.1 200 OK\r\ncontent-length: 700000\r\n\r\n${'x'.repeat(700_000)}`],
    ['HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
  ];
  let next = 0;
  const server = createTcpServer((socket) =>
    socket.on('data', async () => {
      for (const piece of answers[next++ % answers.length]) {
        socket.write(piece);
        await sleep(3);
      }
    }),
  );
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 1, durationMs: 5000, maxRequests: 6 }).run(),
  );
  assert.deepEqual(result.statuses, { 200: 4, 503: 2 });
  assert.equal(result.errors, 0);
});

test('a connection lost with a request in flight is an error, and another one is opened', async () => {
  let served = 0;
  const server = answering((_request, response) => {
    if (++served % 3 === 0) response.socket.destroy();
    else plain(response);
  });
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 1, durationMs: 5000, maxRequests: 9 }).run(),
  );
  assert.equal(result.errors, 3);
  assert.equal(result.answers, 6);
  assert.match(result.firstError, /reset|without an answer/);
});

test('a server that is not there is an error', async () => {
  const free = await withServer(createTcpServer(), (target) => target);
  await assert.rejects(
    new LoadGenerator({ ...free, requests: get, connections: 1, durationMs: 100 }).run(),
    /ECONNREFUSED/,
  );
});

test('an open loop sends what the rate says, no more and no less', async () => {
  let served = 0;
  const server = answering((_request, response) => {
    served++;
    plain(response);
  });
  for (const rate of [100, 1000]) {
    served = 0;
    const result = await withServer(server, (target) =>
      new LoadGenerator({ ...target, requests: get, connections: 16, durationMs: 1000, rate }).run(),
    );
    assert.equal(result.arrived, rate);
    assert.equal(result.answers, rate);
    assert.equal(served, rate);
  }
});

test('an open loop charges a stall to every request that arrives during it', async () => {
  const stall = { from: 300, ms: 500 };
  const began = performance.now();
  const server = answering((_request, response) => {
    const since = performance.now() - began;
    const wait = since > stall.from && since < stall.from + stall.ms ? stall.from + stall.ms - since : 0;
    setTimeout(() => plain(response), wait);
  });
  const result = await withServer(server, (target) =>
    new LoadGenerator({ ...target, requests: get, connections: 1, durationMs: 1000, rate: 200 }).run(),
  );
  // A closed loop on one connection would see a single slow answer in two hundred.
  assert.equal(result.answers, 200);
  assert.ok(result.latencyMs.p90 > 300, `${result.latencyMs.p90}`);
  assert.ok(result.latencyMs.max > 400 && result.latencyMs.max < 700, `${result.latencyMs.max}`);
});
