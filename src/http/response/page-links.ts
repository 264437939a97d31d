import type { PageBounds } from './page.js';

/**
 * The `Link` header of a page (RFC 8288): first, prev, next, last.
 *
 * @param address  absolute address of the request; its other parameters stay.
 * @returns undefined for an empty page size, which has no pages.
 */
export function pageLinks(address: string, { limit, offset, total }: PageBounds): string | undefined {
  if (limit === 0) return undefined;
  const lastOffset = Math.max(0, Math.ceil(total / limit) - 1) * limit;
  const offsets: [string, number | undefined][] = [
    ['first', 0],
    ['prev', offset > 0 ? Math.max(0, Math.min(offset - limit, lastOffset)) : undefined],
    ['next', offset + limit < total ? offset + limit : undefined],
    ['last', lastOffset],
  ];
  return offsets
    .flatMap(([name, start]) => (start === undefined ? [] : [`<${withPage(address, limit, start)}>; rel="${name}"`]))
    .join(', ');
}

function withPage(address: string, limit: number, offset: number): string {
  const url = new URL(address);
  url.searchParams.set('limit', String(limit));
  url.searchParams.set('offset', String(offset));
  return url.href;
}
