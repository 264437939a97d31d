/** Compiles src to dist with the Nest CLI and copies the files that are served or read as they are. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { projectRoot, run, stampBuild } from './lib/project.mjs';

import Ajv2020 from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import addFormats from 'ajv-formats';

const require = (await import('node:module')).createRequire(import.meta.url);

run(process.execPath, [join(projectRoot, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build']);

compileSchema('card');
compileSchema('run');

const assets = join(projectRoot, 'dist', 'assets');
mkdirSync(assets, { recursive: true });
const swaggerUi = require('swagger-ui-dist').getAbsoluteFSPath();
const redoc = join(projectRoot, 'node_modules', 'redoc', 'bundles');
const ownFiles = join(projectRoot, 'src', 'docs', 'browser');
copyAsset(swaggerUi, 'swagger-ui-bundle.js');
copyAsset(swaggerUi, 'swagger-ui-bundle.js.LICENSE.txt');
copyAsset(swaggerUi, 'swagger-ui.css');
copyAsset(ownFiles, 'swagger-start.js');
copyAsset(redoc, 'redoc.standalone.js', withoutForeignPicture);
copyAsset(redoc, 'redoc.standalone.js.LICENSE.txt');
copyAsset(ownFiles, 'redoc-start.js');
copyAsset(ownFiles, 'text-only.js');
copyAsset(ownFiles, 'plain-long-texts.js');
copyAsset(ownFiles, 'pages.css');

/** Compiles a JSON Schema to a module that checks documents, so that no start has to. */
function compileSchema(name) {
  const options = { allErrors: true, verbose: true, discriminator: true, strictTypes: false };
  const ajv = new Ajv2020({ ...options, code: { source: true } });
  addFormats(ajv);
  const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas', `${name}.schema.json`), 'utf8'));
  const folder = join(projectRoot, 'dist', 'schemas');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.check.js`), standaloneCode(ajv, ajv.compile(schema)));
}

/** Copies a file that pages load, with a compressed twin. */
function copyAsset(folder, name, change = (text) => text) {
  const text = change(readFileSync(join(folder, name), 'utf8'));
  writeFileSync(join(assets, name), text);
  writeFileSync(join(assets, `${name}.gz`), gzipSync(text));
}

/** ReDoc's page foot loads a picture from the internet: the policy would refuse it and the console would say so. */
function withoutForeignPicture(script) {
  return script.replaceAll(/https:\/\/cdn\.redoc\.ly\/redoc\/[\w.-]+\.svg/g, 'data:image/svg+xml,%3Csvg/%3E');
}

stampBuild();
