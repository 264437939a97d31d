import type { Express } from 'express';

/** The part of Express 5's router that tells which paths it knows. */
interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * Methods some route answers at a path, e.g. `GET, HEAD, OPTIONS, POST`; empty when no route matches.
 * Read from the router itself, so that `Allow` is always true.
 */
export function allowedMethods(app: Express, path: string): string[] {
  const { stack } = app.router as unknown as { stack: readonly Layer[] };
  const methods = new Set<string>();
  for (const layer of stack) {
    if (!layer.route || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.size === 0) return [];
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods.add('OPTIONS')].sort();
}

function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    // A path parameter with broken percent-encoding.
    return false;
  }
}
