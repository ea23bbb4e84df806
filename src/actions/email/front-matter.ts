/** What stands before a template's text, between two lines of `---`. */
export interface FrontMatter {
  subject?: string;
  preheader?: string;
  layout?: string;
  /** The template without it. */
  body: string;
}

const KEYS = ['subject', 'preheader', 'layout'] as const;

/** Takes the front matter off a template. It is lines of `key: value`; quotes around a value are optional. Throws an Error for other keys. */
export function readFrontMatter(source: string): FrontMatter {
  const match = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(source);
  if (match === null || match.index > 0) {
    return { body: source };
  }
  const front: FrontMatter = { body: source.slice(match[0].length) };
  for (const line of (match[1] ?? '').split(/\r?\n/).filter((text) => text.trim() !== '' && !text.startsWith('#'))) {
    const colon = line.indexOf(':');
    const key = KEYS.find((known) => known === line.slice(0, Math.max(colon, 0)).trim());
    if (key === undefined) {
      throw new Error(`its front matter takes lines of ${KEYS.join(', ')}, not '${line.slice(0, 60)}'`);
    }
    front[key] = line
      .slice(colon + 1)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
  }
  return front;
}
