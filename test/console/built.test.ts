import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';

const FOLDER = 'dist/console';
const KB = 1_024;

describe('the console as it is built', () => {
  const html = readFileSync(join(FOLDER, 'index.html'), 'utf8');
  const sizes = new Map(
    readdirSync(join(FOLDER, 'assets')).map((name) => [name, gzipSync(readFileSync(join(FOLDER, 'assets', name)), { level: 9 }).length]),
  );
  const sum = (names: Iterable<string>): number => [...names].reduce((all, name) => all + (sizes.get(name) ?? 0), 0);

  it('is small: 60 KB to begin with, 140 KB in all', () => {
    const first = [...html.matchAll(/\.\/assets\/([^"]+)"/g)].map(([, name]) => name ?? '');
    const [began, all] = [sum(first), sum(sizes.keys())];
    process.stdout.write(`console: first load ${(began / KB).toFixed(1)} KB, all ${(all / KB).toFixed(1)} KB (gzip)\n`);
    expect(began).toBeLessThanOrEqual(60 * KB);
    expect(all).toBeLessThanOrEqual(140 * KB);
  });

  it('has what the server fills in, and nothing that the policy refuses', () => {
    expect(html).toContain('<base href="./" />');
    expect(html).toContain('<meta name="console" content="" />');
    expect(html.indexOf('<base')).toBeLessThan(html.search(/(src|href)="\.\/assets/));
    expect([...sizes.keys()].filter((name) => !/^[\w.-]+-[\w-]{8,}\.(js|css)$/.test(name))).toEqual([]);
  });
});

describe('the colours of the console', () => {
  const tokens = [...readFileSync('src/console/styles/tokens.css', 'utf8').matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)];
  const themes = { light: 2, dark: 3 } as const;
  const colour = (name: string, theme: keyof typeof themes): string => tokens.find(([, token]) => token === name)?.[themes[theme]] ?? name;
  const texts = [
    ...['bg', 'surface', 'surface-2'].flatMap((ground) => ['text', 'text-2', 'text-3'].map((text) => [text, ground])),
    ...['bg', 'surface', 'accent-soft', 'surface-2'].map((ground) => ['accent', ground]),
    ...['ok', 'bad', 'warn', 'info', 'skip'].flatMap((tone) => [
      [tone, 'surface'],
      [tone, `${tone}-soft`],
      ['text', `${tone}-soft`],
      ['text-2', `${tone}-soft`],
    ]),
    ['on-accent', 'accent'],
    ['text-2', 'accent-soft'],
  ] as [string, string][];

  it.each(['light', 'dark'] as const)('can be read in the %s theme, and borders of controls be seen', (theme) => {
    const contrast = ([over, under]: [string, string]): number => ratio(colour(over, theme), colour(under, theme));
    expect(texts.filter((pair) => contrast(pair) < 4.5)).toEqual([]);
    for (const ground of ['bg', 'surface', 'surface-2']) expect(contrast(['border-strong', ground])).toBeGreaterThanOrEqual(3);
  });
});

/** Contrast as WCAG has it. */
function ratio(one: string, other: string): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit) : (hex.slice(1).match(/../g) ?? []);
  const [red = 0, green = 0, blue = 0] = digits
    .map((pair) => Number.parseInt(pair, 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
