import assert from 'node:assert/strict';
import { test } from 'node:test';

import { requestBytes } from '../load/http-connection.mjs';
import { axiosRequests, browserRequests, mixedRequests, proxyRequests, runRequests } from './requests.mjs';

const headOf = (request) => requestBytes(request).toString().split('\r\n\r\n')[0].split('\r\n');

test('one mixed request in a hundred is invalid, one a GET, and every connection gets to send each', () => {
  const requests = mixedRequests();
  const share = (is) => requests.filter(is).length / requests.length;
  assert.ok(Math.abs(share(({ expectedStatus }) => expectedStatus === 422) - 0.01) < 0.001);
  assert.ok(Math.abs(share(({ method }) => method === 'GET') - 0.01) < 0.001);
  for (let divisor = 2; divisor <= 128; divisor++) assert.notEqual(requests.length % divisor, 0, `${divisor}`);
});

test('axios asks as it does in Node', () => {
  const head = headOf(axiosRequests()[0]);
  assert.equal(head[0], 'POST /models/titanic-survival/predictions HTTP/1.1');
  assert.ok(head.includes('Accept: application/json, text/plain, */*'));
  assert.ok(head.includes('Accept-Encoding: gzip, compress, deflate, br'));
  assert.equal(new Set(head.map((line) => line.split(':')[0].toLowerCase())).size, head.length);
});

test('a browser names its origin, a proxy whom it speaks for, a run its id', () => {
  assert.ok(headOf(browserRequests()[0]).includes('Origin: https://app.example.com'));
  assert.ok(headOf(proxyRequests()[0]).includes('X-Forwarded-Proto: https'));
  assert.equal(runRequests('some-run')[0].path, '/runs/some-run/predictions');
});
