const { createHash } = require('node:crypto');

/**
 * Stands in for the file of a package that the tests of one Jest process share: Node loads it once for all of them, instead
 * of Jest anew for each test file. The environment of the tests (node-realm.environment.cjs) hands out `require`.
 */
module.exports = {
  getCacheKey: (_source, file) => createHash('sha256').update(`shared 1 ${file}`).digest('hex'),
  process: (_source, file) => ({ code: `module.exports = requireShared(${JSON.stringify(file)});` }),
};
