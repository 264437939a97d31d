const { pathToFileURL } = require('node:url');
const { join } = require('node:path');

/** Jest's global set-up: brings dist/ up to date, because worker threads run compiled code. */
module.exports = async () => {
  const { buildIfStale } = await import(pathToFileURL(join(__dirname, '../../scripts/lib/project.mjs')).href);
  await buildIfStale();
};
