import eslint from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const streets = ['health', 'models', 'runs', 'predictions', 'docs'];
const workshop = ['sources', 'codec', 'engines'];
const roots = [
  'main.ts',
  'server.ts',
  'create-app.ts',
  'cluster.ts',
  'app.module.ts',
  'app.setup.ts',
  'stop-with-report.ts',
  'cli',
];

/** A zone of the drawing in docs/architecture.md: files of `rooms` must not import from `forbidden`. */
const zone = (rooms, forbidden, message) => ({
  target: rooms.map((room) => `./src/${room}`),
  from: forbidden.map((room) => `./src/${room}`),
  message,
});

const zones = [
  zone(['domain'], [...streets, ...workshop, ...roots, 'registry', 'config', 'common'], 'domain imports nothing.'),
  ...workshop.map((room) =>
    zone(
      [room],
      [...streets, ...roots, ...workshop.filter((other) => other !== room), 'registry', 'common'],
      'The workshop knows neither requests nor its neighbours.',
    ),
  ),
  zone(['registry'], [...streets, ...roots, 'common'], 'Imports point down; the registry knows no HTTP.'),
  ...streets.map((room) =>
    zone([room], [...roots, ...workshop, ...streets.filter((other) => other !== room)], 'Rooms meet in the registry.'),
  ),
  zone(['common'], [...streets, ...workshop, ...roots, 'registry'], 'Fittings do not know the rooms.'),
  zone(['config'], [...streets, ...workshop, ...roots, 'registry', 'common'], 'Configuration knows nobody.'),
];

const onlyIn = (names, message) => ({ patterns: [{ group: names, message }] });

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '.cache', 'models', 'test/fixtures', 'src/codec/fixtures'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver(), createNodeResolver({ extensions: ['.ts', '.js'] })],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-function-type': 'off',
      'no-control-regex': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config reads the environment.',
        },
      ],
      'no-restricted-imports': [
        'error',
        onlyIn(
          ['onnxruntime-node', 'onnxruntime-common', '@tensorflow/*'],
          'Only the adapters in engines/onnx and engines/tfjs import engines.',
        ),
      ],
    },
  },
  {
    files: ['src/engines/onnx/**/*.ts', 'src/engines/tfjs/**/*.ts', 'test/**/*.ts', 'training/**/*.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src/main.ts', 'src/config/**/*.ts', 'src/cli/**/*.ts', '**/*.spec.ts', '**/*.e2e-spec.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Decorator factories and test helpers are clearer without spelled-out return types.
    files: [
      'src/common/**/*.decorator.ts',
      'src/common/validation/*.ts',
      'test/**/*.ts',
      '**/*.spec.ts',
      'training/**/*.ts',
    ],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'require',
          'module',
          '__dirname',
          'Buffer',
          'fetch',
          'URL',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'performance',
          'AbortSignal',
          'document',
          'window',
          'location',
          'globalThis',
          'SharedArrayBuffer',
          'TextDecoder',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
