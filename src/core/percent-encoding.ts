/**
 * A text as one part of a URL, a path segment or the name or value of a query: all that means something in a URL is
 * percent-encoded. Halves of surrogate pairs, which no URL can carry, become U+FFFD.
 */
export function percentEncoded(text: string): string {
  return encodeURIComponent((text as string & { toWellFormed(): string }).toWellFormed());
}
