const { join } = require('node:path');

const { dependencies } = require('./package.json');

// Node loads the packages of the application, once for all test files of a process: Jest would load them anew for each file,
// which takes a second of processor time, and could not load Nest 12 (ESM only) below Node 24.9. See docs/decisions/0001.
// The engines are left to Jest, whose arrays they are to give.
const shared = ['@nestjs/testing', ...Object.keys(dependencies)].filter(
  (name) => !/^(@tensorflow|onnxruntime)/.test(name),
);
const sharedFiles = `/node_modules/(?:${shared.join('|')})/.+\\.[cm]?js$`;
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

/** What every Jest run of this repository shares: the compiler, the environment, the folders nobody looks into. */
exports.base = {
  // Interop tests keep gigabytes of other projects there.
  modulePathIgnorePatterns: ['<rootDir>/.cache/', '<rootDir>/dist/'],
  rootDir: __dirname,
  // Not among temporary files, which are thrown away: translating all takes a minute.
  cacheDirectory: join(__dirname, '.cache', 'jest'),
  testEnvironment: '<rootDir>/test/support/node-realm.environment.cjs',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    [sharedFiles]: '<rootDir>/test/support/shared-package.transform.cjs',
    '^.+\\.[jt]s$': swc,
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:${shared.join('|')})/)`],
};
