// In place of parts of query-core that nobody here uses: writes are plain calls, and a list is asked for page by page. The client
// makes them and asks them all the same, so that the bundler cannot leave them out by itself.

/** A cache in which nothing ever is. */
export class MutationCache {
  resumePausedMutations(): Promise<void> {
    return Promise.resolve();
  }

  findAll(): [] {
    return [];
  }

  clear(): void {
    // Nothing is in it.
  }
}

/** Of queries of many pages, which nobody makes. */
export function infiniteQueryBehavior(): undefined {
  return undefined;
}

/** The same. */
export function hasNextPage(): false {
  return false;
}

/** The same. */
export function hasPreviousPage(): false {
  return false;
}

/** Of Vite: would load styles before a part of the page; they stand in one file. */
export function __vitePreload<Part>(load: () => Promise<Part>): Promise<Part> {
  return load();
}
