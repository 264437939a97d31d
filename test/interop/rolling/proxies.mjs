import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';

import { until } from '../support/bestrun.mjs';
import { endsWithUs } from '../support/ends-with-us.mjs';
import { freePort } from '../support/free-port.mjs';

/** What the settings of the docs leave out, because it is said elsewhere in a real file. */
const AROUND = {
  nginx: (settings, port, folder) => `
daemon off; worker_processes 1; user root; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
${settings.replace('server {', `server { listen 127.0.0.1:${port};`)} }`,
  haproxy: (settings, port) => `
global
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend all
  bind 127.0.0.1:${port}
  default_backend bestrun
${settings}`,
};
const ARGUMENTS = { nginx: (file) => ['-c', file], haproxy: (file) => ['-db', '-f', file] };

/**
 * Starts a proxy with the settings that the docs show.
 *
 * @param addresses  of the servers, `host:port`, in place of those in the docs.
 */
export async function startProxy(name, docs, addresses, folder) {
  const [, settings] = new RegExp('```' + name + '\\n([^]*?)```').exec(docs);
  const port = await freePort();
  const file = join(folder, `${name}.conf`);
  const withAddresses = addresses.reduce((text, address, i) => text.replace(`10.0.0.${i + 1}:5000`, address), settings);
  writeFileSync(file, AROUND[name](withAddresses, port, folder));
  const child = endsWithUs(spawn(name, ARGUMENTS[name](file), { stdio: ['ignore', 'ignore', 'inherit'] }));
  const exited = new Promise((done) => child.once('exit', done));
  if (!(await until(() => isOpen(port)))) throw new Error(`${name} does not open its port`);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
