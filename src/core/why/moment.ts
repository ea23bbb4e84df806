/** Returns a moment as it stands in a sentence: `2025-11-20 08:00:05 UTC`. */
export function momentWords(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}
