import { API_TITLE } from './api-description.js';
import { assetVersion } from './assets.js';

/** A page that shows the API document with a viewer served from here. */
export interface DocsPage {
  readonly title: string;
  /** Path below which its files lie. */
  readonly path: string;
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
  /** Content-Security-Policy: nothing from elsewhere, no script in the page. */
  readonly policy: string;
}

const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

export const SWAGGER_UI: DocsPage = {
  title: `${API_TITLE} - Swagger UI`,
  path: '/docs/assets',
  styles: ['swagger-ui.css', 'pages.css'],
  scripts: ['swagger-ui-bundle.js', 'text-only.js', 'plain-long-texts.js', 'swagger-start.js'],
  policy: written(POLICY),
};

export const REDOC: DocsPage = {
  title: `${API_TITLE} - ReDoc`,
  path: '/redoc/assets',
  styles: ['pages.css'],
  scripts: ['redoc.standalone.js', 'text-only.js', 'redoc-start.js'],
  // It writes style elements at run time, and builds its search index in a worker that it makes from a blob.
  policy: written({ ...POLICY, 'style-src': "'self' 'unsafe-inline'", 'worker-src': 'blob:' }),
};

/** The page's HTML. The icon is empty, so that browsers ask for no /favicon.ico. */
export function renderPage({ title, path, styles, scripts }: DocsPage): string {
  const address = (name: string) => `${path}/${name}?v=${assetVersion(name)}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    '<link rel="icon" href="data:,">',
    ...styles.map((name) => `<link rel="stylesheet" href="${address(name)}">`),
    '</head>',
    '<body>',
    '<div id="api"></div>',
    '<noscript>This page needs JavaScript. The document itself is at <a href="/openapi.json">/openapi.json</a>.</noscript>',
    ...scripts.map((name) => `<script src="${address(name)}"></script>`),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function written(policy: Readonly<Record<string, string>>): string {
  return Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join('; ');
}
