const { base } = require('../../jest.base.cjs');
const all = require('../../jest.config.cjs');

/** What takes minutes or measures time: `npm run test:soak`, of which CI runs the short form (`--ci`). */
module.exports = {
  ...base,
  globalSetup: all.globalSetup,
  reporters: all.reporters,
  testTimeout: 30 * 60_000,
  // One after the other: they put load on the machine themselves.
  maxWorkers: 1,
  testMatch: [
    '<rootDir>/test/soak/**/*.soak-spec.ts',
    '<rootDir>/test/e2e/predictions/fuzz.e2e-spec.ts',
    '<rootDir>/src/codec/generated/*.spec.ts',
  ],
};
