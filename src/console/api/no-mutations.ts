// In place of a part of query-core that nobody here uses: writes are plain calls. The client makes one and asks it all the same,
// so that the bundler cannot leave it out by itself.

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
