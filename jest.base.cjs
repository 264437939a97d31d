const { join } = require('node:path');

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

/** What every Jest run of this repository shares: the compiler, the environment, the folders nobody looks into. */
exports.base = {
  // Interop tests keep gigabytes of other projects there.
  modulePathIgnorePatterns: ['<rootDir>/.cache/', '<rootDir>/dist/'],
  rootDir: __dirname,
  // Not among temporary files, which are thrown away: translating Nest takes a minute.
  cacheDirectory: join(__dirname, '.cache', 'jest'),
  testEnvironment: '<rootDir>/test/support/native-typed-arrays.environment.cjs',
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.[jt]s$': swc },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
};
