/** The beginning of a text that is longer than that, with a mark; no half of a character at its end, which Postgres would refuse. */
export function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
}
