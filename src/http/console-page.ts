import type { ConsoleOptions } from './console-options.js';

/** The address below the console: how many segments there are, and whether it ends with a slash. */
export interface ConsoleAddress {
  depth: number;
  endsWithSlash: boolean;
}

/** What `index.html` has where the address of the console belongs. */
const BASE = '<base href="./" />';
const SETTINGS = '<meta name="console" content="" />';

/**
 * Returns the page for an address. It knows nothing of where it is mounted: everything on it is relative to the console,
 * and how far up that is follows from the depth of the route alone, whatever proxies cut off or put before.
 */
export function consolePage(html: string, { depth, endsWithSlash }: ConsoleAddress, options: ConsoleOptions): string {
  const up = endsWithSlash ? depth : depth - 1;
  const base = up < 0 ? 'console/' : '../'.repeat(up) || './';
  // Neither is secret, and both are needed before anybody is known.
  const settings = JSON.stringify({ signInUrl: options.signInUrl ?? null, tokenInput: options.tokenInput ?? false });
  return html.replace(BASE, `<base href="${base}" />`).replace(SETTINGS, () => `<meta name="console" content="${escaped(settings)}" />`);
}

/** Returns what goes with the page: nothing but its own files is loaded or run, and texts never become markup or script. */
export function consoleHeaders({ frameAncestors = [] }: ConsoleOptions): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    ["frame-ancestors 'self'", ...frameAncestors].join(' '),
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'Cache-Control': 'no-cache',
    'Referrer-Policy': 'no-referrer',
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
