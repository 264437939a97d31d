import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Request, Response } from 'express';

/** A file that a documentation page loads. */
interface Asset {
  readonly name: string;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
};

const NAMES = new Set([
  'pages.css',
  'plain-long-texts.js',
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'swagger-start.js',
  'redoc.standalone.js',
  'redoc.standalone.js.LICENSE.txt',
  'redoc-start.js',
  'text-only.js',
]);

const YEAR_SECONDS = 31_536_000;

/** Where the build put the files: beside this one in dist/, and also there when this one is source (tests). */
const FOLDER = [join(__dirname, '..', 'assets'), join(__dirname, '..', '..', 'dist', 'assets')].find(existsSync) ?? '';

const versions = new Map<string, string>();

/** The asset of that name; undefined for any other file of the folder. */
export function findAsset(name: string): Asset | undefined {
  return NAMES.has(name) ? { name, type: TYPES[name.split('.').at(-1)!]! } : undefined;
}

/** Hash of the file; part of its address, so that browsers may cache it without asking again. */
export function assetVersion(name: string): string {
  const known = versions.get(name);
  if (known !== undefined) return known;
  const version = createHash('sha256')
    .update(readFileSync(join(FOLDER, name)))
    .digest('hex')
    .slice(0, 12);
  versions.set(name, version);
  return version;
}

/** Sends the file, compressed where the client takes it. */
export function sendAsset({ name, type }: Asset, request: Request, response: Response): void {
  const hasVersion = request.query.v === assetVersion(name);
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', hasVersion ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache');
  response.setHeader('Vary', 'Accept-Encoding');
  const isCompressed = request.acceptsEncodings('gzip') === 'gzip' && existsSync(join(FOLDER, `${name}.gz`));
  if (isCompressed) response.setHeader('Content-Encoding', 'gzip');
  // Errors are ignored: the client has gone before the end.
  response.sendFile(
    isCompressed ? `${name}.gz` : name,
    { root: FOLDER, cacheControl: false, acceptRanges: false },
    () => {},
  );
}
