const { readdirSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const MODELS = join(__dirname, '../../models');

/** Jest's global set-up: brings dist/ up to date, because worker threads run compiled code. */
module.exports = async () => {
  const { buildIfStale } = await import(pathToFileURL(join(__dirname, '../../scripts/lib/project.mjs')).href);
  await buildIfStale();
  // What servers remember of the shipped models is no part of the project.
  for (const entry of readdirSync(MODELS, { withFileTypes: true })) {
    if (entry.isDirectory()) rmSync(join(MODELS, entry.name, '.bestrun-state.json'), { force: true });
  }
};
