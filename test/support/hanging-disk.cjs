/**
 * To be preloaded into a server (`--require`): while the pipe HUNG_PIPE is there, nothing below HUNG_FOLDER answers, as on a
 * share whose server is gone. Each call holds a thread of Node's pool until somebody opens the pipe to write.
 */
const fs = require('node:fs');
const promises = require('node:fs/promises');

const { HUNG_FOLDER, HUNG_PIPE } = process.env;
const { open } = promises;
const ASYNC_CALLS = ['open', 'readdir', 'stat', 'lstat', 'realpath', 'mkdir', 'rename', 'rm', 'link'];

for (const name of ASYNC_CALLS) {
  const original = promises[name];
  promises[name] = async (path, ...rest) => {
    const isHung = String(path).startsWith(HUNG_FOLDER) && fs.existsSync(HUNG_PIPE);
    if (isHung) await (await open(HUNG_PIPE, 'r')).close();
    return original(path, ...rest);
  };
}
