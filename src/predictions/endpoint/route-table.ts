import type { PredictionRoute } from './prediction-route.js';

/** A route, and what a path says in the places of its parameters. */
export interface MatchedRoute {
  readonly route: PredictionRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by method and path, as Express finds them: case counts, one slash at the end does not. */
export class RouteTable {
  private readonly routes: readonly { readonly route: PredictionRoute; readonly segments: readonly string[] }[];

  constructor(routes: readonly PredictionRoute[]) {
    this.routes = routes.map((route) => ({ route, segments: route.path.split('/') }));
  }

  /** @param path  without a query. */
  find(method: string, path: string): MatchedRoute | undefined {
    const given = path.replace(/^\/|\/$/g, '').split('/');
    for (const { route, segments } of this.routes) {
      if (route.method !== method || segments.length !== given.length) continue;
      const params = match(segments, given);
      if (params) return { route, params };
    }
    return undefined;
  }
}

/** Parameters are decoded, the words between them are not: Express compares these as sent. */
function match(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if (segment.startsWith(':')) {
      const value = decoded(given[i]!);
      if (!value) return undefined;
      params[segment.slice(1)] = value;
    } else if (segment !== given[i]) return undefined;
  }
  return params;
}

/** undefined for a percent sign that encodes nothing. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
