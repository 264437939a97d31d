import type { Express } from 'express';

/** The part of Express 5's router that tells which paths it knows. */
interface RouterEntry {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * Methods that some route answers at a path, e.g. `GET, HEAD, OPTIONS, POST`; empty when no route matches. Read from
 * the router itself, so that `Allow` always equals what happens.
 */
export function allowedMethods(app: Express, path: string): string[] {
  const { stack } = app.router as unknown as { stack: readonly RouterEntry[] };
  const methods = new Set<string>();
  for (const entry of stack) {
    if (!entry.route || !matches(entry, path)) continue;
    for (const method of Object.keys(entry.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.size === 0) return [];
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods.add('OPTIONS')].sort();
}

function matches(entry: RouterEntry, path: string): boolean {
  try {
    return entry.match(path);
  } catch {
    // A path parameter with broken percent-encoding.
    return false;
  }
}
