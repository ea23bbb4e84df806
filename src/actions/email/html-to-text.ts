/** Elements whose content nobody reads. */
const SKIPPED: ReadonlySet<string> = new Set(['style', 'script', 'head', 'title', 'template']);
/** Elements that stand on lines of their own, with how many line breaks come before and after. */
const BREAKS: Readonly<Record<string, number>> = {
  p: 2,
  h1: 2,
  h2: 2,
  h3: 2,
  h4: 2,
  h5: 2,
  h6: 2,
  ul: 2,
  ol: 2,
  table: 2,
  blockquote: 2,
  pre: 2,
  hr: 2,
  div: 1,
  section: 1,
  article: 1,
  header: 1,
  footer: 1,
  tr: 1,
  li: 1,
  br: 1,
  address: 1,
};
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  middot: '·',
  euro: '€',
  pound: '£',
  zwnj: '',
  shy: '',
};

/**
 * The text of an HTML mail, for readers that show no HTML: paragraphs as lines, list items with a dash, links with their
 * address behind them. Goes through the input once, whatever it holds.
 */
export function htmlToText(html: string): string {
  const writer = new TextWriter();
  let href: string | null = null;
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    writer.text(decode(html.slice(at, open < 0 ? html.length : open)));
    if (open < 0) {
      break;
    }
    const tag = readTag(html, open);
    at = !tag.closing && SKIPPED.has(tag.name) ? endOf(tag.name, html, tag.end) : tag.end;
    if (tag.name === 'a') {
      writer.endLink(href);
      href = tag.closing ? null : tag.href;
      writer.beginLink();
    } else if (tag.name === 'td' || tag.name === 'th') {
      writer.text(' ');
    } else if (BREAKS[tag.name] !== undefined) {
      writer.lines(BREAKS[tag.name] ?? 1);
      writer.text(tag.name === 'li' && !tag.closing ? '- ' : '');
    }
  }
  return writer.toString();
}

class TextWriter {
  private readonly parts: string[] = [];
  private linkFrom = 0;
  private pendingLines = 0;
  private pendingSpace = false;

  text(text: string): void {
    for (const [index, word] of text.split(/\s+/).entries()) {
      this.pendingSpace ||= index > 0;
      if (word !== '') {
        this.write(word);
      }
    }
    this.pendingSpace ||= text.endsWith(' ');
  }

  lines(count: number): void {
    this.pendingLines = Math.max(this.pendingLines, count);
  }

  beginLink(): void {
    this.linkFrom = this.parts.length;
  }

  /** Puts the address behind the text of the link, unless the text is the address. */
  endLink(href: string | null): void {
    if (href === null || !/^(https?|mailto|tel):/i.test(href)) {
      return;
    }
    const shown = this.parts.slice(this.linkFrom).join('').trim();
    if (shown !== href && `mailto:${shown}` !== href) {
      const spaceAfter = this.pendingSpace;
      this.pendingSpace = true;
      this.write(`(${href})`);
      this.pendingSpace = spaceAfter;
    }
  }

  toString(): string {
    return this.parts.join('');
  }

  private write(word: string): void {
    const gap = this.pendingLines > 0 ? '\n'.repeat(this.pendingLines) : this.pendingSpace ? ' ' : '';
    this.parts.push(this.parts.length === 0 ? '' : gap, word);
    this.pendingLines = 0;
    this.pendingSpace = false;
  }
}

interface Tag {
  name: string;
  closing: boolean;
  href: string | null;
  /** Where the text after it begins. */
  end: number;
}

function readTag(html: string, open: number): Tag {
  if (html.startsWith('<!--', open)) {
    const close = html.indexOf('-->', open + 4);
    return { name: '', closing: false, href: null, end: close < 0 ? html.length : close + 3 };
  }
  const close = html.indexOf('>', open);
  const end = close < 0 ? html.length : close + 1;
  const inside = html.slice(open + 1, close < 0 ? html.length : close);
  const name = /^\/?([a-z][a-z0-9]*)/i.exec(inside)?.[1]?.toLowerCase() ?? '';
  const href = name === 'a' ? /\shref\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(inside) : null;
  return { name, closing: inside.startsWith('/'), href: href ? decode(href[1] ?? href[2] ?? '').trim() : null, end };
}

/** Where the element's closing tag begins; what is inside may hold `<` of its own. */
function endOf(name: string, html: string, from: number): number {
  const closing = new RegExp(`</${name}`, 'gi');
  closing.lastIndex = from;
  return closing.exec(html)?.index ?? html.length;
}

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) {
      return ENTITIES[name.toLowerCase()] ?? whole;
    }
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '';
  });
}
