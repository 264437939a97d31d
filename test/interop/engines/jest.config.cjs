// The integration tests of the house with other files; run.mjs sets NODE_PATH so that tfjs-node is found.
const house = require('../../../jest.config.cjs');

module.exports = {
  ...house.projects.find(({ displayName }) => displayName === 'integration'),
  displayName: 'engines',
  globalSetup: house.globalSetup,
  reporters: house.reporters,
  testTimeout: house.testTimeout,
  testMatch: ['<rootDir>/test/interop/engines/*.interop-spec.ts', '<rootDir>/src/engines/tfjs/*.spec.ts'],
};
