import eslint from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

import importZones from './scripts/lib/import-zones.cjs';

const { FOLDERS, INSIDE } = importZones;

/** Files of `folder` may import nothing below `parent` but what is in `allowed` and themselves. */
const zone = (parent, folder, allowed) => ({
  target: `${parent}/${folder}`,
  from: parent,
  except: [folder, ...allowed].map((name) => `./${name}`),
  message: `${folder} may import: ${allowed.join(', ') || 'nothing'} (scripts/lib/import-zones.cjs).`,
});

const folderZones = Object.entries(FOLDERS).map(([folder, allowed]) => zone('./src', folder, allowed));
const innerZones = Object.entries(INSIDE).flatMap(([parent, folders]) =>
  Object.entries(folders).map(([folder, allowed]) => zone(`./src/${parent}`, folder, allowed)),
);

const onlyIn = (names, message) => ({ patterns: [{ group: names, message }] });

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '.cache', 'models', 'test/fixtures', 'src/codec/text/fixtures'] },
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
      'import-x/no-restricted-paths': ['error', { zones: [...folderZones, ...innerZones] }],
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
      'src/http/**/*.decorator.ts',
      'src/http/validation/*.ts',
      'test/**/*.ts',
      '**/*.spec.ts',
      'training/**/*.ts',
    ],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      // A test may take what stands beside its subject.
      'import-x/no-restricted-paths': ['error', { zones: folderZones }],
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
