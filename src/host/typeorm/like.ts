/** Words beyond these do not count: a search is typed by a person. */
const MOST_WORDS = 8;

/** The patterns for ILIKE that find every word of a text somewhere; none when no value can hold it. */
export function wordPatterns(search: string): string[] {
  if (search.includes('\0')) return [];
  const words = search.split(/\s+/u).filter((word) => word !== '');
  return words.slice(0, MOST_WORDS).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
}
