const { base } = require('../../jest.base.cjs');

/** Jest as Stryker runs it for `npm run test:mutation`: the unit specs of the mutated folders alone, without a build. */
module.exports = {
  ...base,
  // Stryker puts its own environment in the place of Jest's, and only there; these specs use no engine.
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/registry/contract/**/*.spec.ts', '<rootDir>/src/codec/validate/**/*.spec.ts'],
};
