const { availableParallelism } = require('node:os');
const { join } = require('node:path');

const { base } = require('./jest.base.cjs');
const { typesOnly } = require('./scripts/lib/types-only.cjs');

// The kinds of tests, by the name of the file:
//
// - unit: `src/**/*.spec.ts`. Neither starts threads or processes nor writes to the disk.
// - integration: `src/**/*.integration.spec.ts`. Real engines, threads, stores and loopback servers, but not the
//   application.
// - e2e: `test/e2e`. The whole application over HTTP.
// - house: `test/house`. Rules of this repository: directions of imports, documents that agree with the code.
//
// `npm test` runs all of them. Soak tests have a configuration of their own: test/soak/jest.config.cjs.
const quiet = { setupFilesAfterEnv: ['<rootDir>/test/support/quiet-nest.cjs'] };
/** Least share of lines and branches, percent. */
const atLeast = (percent) => ({ lines: percent, branches: percent });
module.exports = {
  cacheDirectory: base.cacheDirectory,
  // Worker threads cannot run TypeScript: tests start them from dist, so the build must be fresh first.
  globalSetup: '<rootDir>/test/support/build-first.cjs',
  reporters: ['default', '<rootDir>/test/support/count-reporter.cjs'],
  testSequencer: '<rootDir>/test/support/slow-kinds-first.cjs',
  testTimeout: 120_000,
  // Jest leaves a core free. Tests that wait for a server, a thread or a refresh leave one free by themselves.
  maxWorkers: availableParallelism() + 2,
  // With `--coverage`, as CI runs it. Measured is what runs inside Jest. Left out are files of types, of which nothing runs,
  // and what runs nowhere but in processes and threads of its own, where nothing is measured: the entry points.
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'json-summary'],
  coverageDirectory: '<rootDir>/.cache/coverage',
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/**/*.spec.ts',
    '!src/main.ts',
    '!src/cli/*.ts',
    '!src/bootstrap/{cluster,server,exit-with-report}.ts',
    '!src/engines/worker/{inference-worker,inference-process,memory-watch}.ts',
    ...typesOnly(join(__dirname, 'src')).map((file) => `!src/${file}`),
  ],
  coverageThreshold: {
    './src/codec/': atLeast(90),
    './src/domain/': atLeast(90),
    './src/predictions/': atLeast(90),
    './src/registry/': atLeast(90),
    './src/bootstrap/': atLeast(80),
    './src/config/': atLeast(80),
    './src/docs/': atLeast(80),
    './src/engines/': atLeast(80),
    './src/health/': atLeast(80),
    './src/http/': atLeast(80),
    './src/lib/': atLeast(80),
    './src/logging/': atLeast(80),
    './src/models/': atLeast(80),
    './src/runs/': atLeast(80),
    './src/sources/': atLeast(80),
  },
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.integration\\.spec\\.ts$'],
    },
    { ...base, ...quiet, displayName: 'integration', testMatch: ['<rootDir>/src/**/*.integration.spec.ts'] },
    { ...base, ...quiet, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
    { ...base, displayName: 'house', testMatch: ['<rootDir>/test/house/**/*.spec.ts'] },
  ],
};
