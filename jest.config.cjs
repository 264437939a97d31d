const { availableParallelism } = require('node:os');

// CommonJS + @swc/jest: the one set-up that runs Nest 12 (ESM only) below Node 24.9. See docs/decisions/0001.
const esmOnly = ['@nestjs', 'file-type', 'strtok3', 'token-types', 'uint8array-extras', '@borewit', '@tokenizer'];
const swc = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];
const base = {
  // Interop tests keep gigabytes of other projects there.
  modulePathIgnorePatterns: ['<rootDir>/.cache/', '<rootDir>/dist/'],
  rootDir: __dirname,
  testEnvironment: '<rootDir>/test/support/native-typed-arrays.environment.cjs',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.[jt]s$': swc },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
};
module.exports = {
  // Worker threads cannot run TypeScript: tests start them from dist, so the build must be fresh first.
  globalSetup: '<rootDir>/test/support/build-first.cjs',
  reporters: ['default', '<rootDir>/test/support/count-reporter.cjs'],
  testTimeout: 30_000,
  // Jest leaves a core free, which on two cores is half of the machine. The tests stand a busy one.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
    { ...base, displayName: 'house', testMatch: ['<rootDir>/test/house/**/*.spec.ts'] },
  ],
};
