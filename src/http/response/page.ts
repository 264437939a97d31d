/** Where a page lies in its list. */
export interface PageBounds {
  /** Most entries of a page; 0 for none. */
  readonly limit: number;
  /** Entries before the page. */
  readonly offset: number;
  /** Entries of the whole list. */
  readonly total: number;
}

/** A page of a list, as a handler with `@Paged()` returns it. */
export class Page<T> {
  /** @param content  what is sent. */
  constructor(
    readonly content: T,
    readonly bounds: PageBounds,
  ) {}
}
