/**
 * Mutation tests (`npm run test:mutation`, by hand, at most 40 minutes): Stryker changes one thing at a time in the code
 * that decides whether a row is valid and whether two contracts differ, and the unit specs beside it must notice.
 *
 * 9.6.1 is the last Stryker that runs on Node 20; 10 needs Node 22.
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  mutate: ['src/registry/contract/**/*.ts', 'src/codec/validate/**/*.ts', '!src/**/*.spec.ts'],
  testRunner: 'jest',
  jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.cjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  reporters: ['clear-text', 'progress'],
  tempDirName: '.cache/stryker',
  ignorePatterns: ['.cache', 'dist', 'docs', 'models', 'schemas', 'training'],
  allowConsoleColors: false,
};
