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
    const given = decoded(path);
    if (!given) return undefined;
    for (const { route, segments } of this.routes) {
      if (route.method !== method || segments.length !== given.length) continue;
      const params = match(segments, given);
      if (params) return { route, params };
    }
    return undefined;
  }
}

/** Segments of a path; undefined when it cannot be decoded. */
function decoded(path: string): string[] | undefined {
  try {
    return path
      .replace(/^\/|\/$/g, '')
      .split('/')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function match(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    if (segment.startsWith(':')) {
      if (given[i] === '') return undefined;
      params[segment.slice(1)] = given[i]!;
    } else if (segment !== given[i]) return undefined;
  }
  return params;
}
