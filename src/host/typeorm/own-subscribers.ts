/** Subscribers of this library. They change nothing, so writes need not go through entities for their sake. */
export const ownSubscribers = new WeakSet<object>();
