import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

// The browser for tests of the console. From npm, so that `npm ci` is all that a machine needs: no apt, no download of its own.

const PACKAGE = '@sparticuz/chromium';
const require = createRequire(join(process.cwd(), 'package.json'));

/** Where a browser comes from on this machine. */
type Source = { kind: 'package' } | { kind: 'path'; executablePath: string } | { kind: 'chrome' };

const INSTALLED = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  '/opt/google/chrome/chrome',
];

/** Returns where the browser comes from: CHROMIUM, the package where it has one, an installed Chrome; null where there is none. */
export function browserSource(): Source | null {
  const executablePath = process.env.CHROMIUM;
  if (executablePath) return { kind: 'path', executablePath };
  if (process.platform === 'linux' && process.arch === 'x64') return { kind: 'package' };
  return INSTALLED.some((path) => existsSync(path)) ? { kind: 'chrome' } : null;
}

/** Starts the browser. */
export async function startBrowser(): Promise<Browser> {
  const source = browserSource();
  if (source === null) throw new Error('There is no browser: set CHROMIUM to the path of one.');
  // Its sandbox needs what containers and root do not have; it opens our own pages alone.
  const options = { headless: true, chromiumSandbox: false, args: ['--disable-dev-shm-usage'] };
  if (source.kind === 'chrome') return chromium.launch({ ...options, channel: 'chrome' });
  if (source.kind === 'path') return chromium.launch({ ...options, executablePath: source.executablePath });
  const folder = await unpacked();
  const env = { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_PATH: join(folder, 'fonts') };
  return chromium.launch({ ...options, executablePath: join(folder, 'chromium'), env: env as Record<string, string> });
}

/**
 * Unpacks the package, once a version and user. Not by its own function: that shares a folder with every user of the machine,
 * and leaves out the libraries that slim images do not have.
 */
async function unpacked(): Promise<string> {
  const root = dirname(dirname(dirname(require.resolve(PACKAGE))));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = join(tmpdir(), `chromium-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  const chunks: Buffer[] = [];
  for await (const chunk of unbrotlied(await readFile(join(root, 'bin', 'chromium.br')))) chunks.push(chunk as Buffer);
  await writeFile(join(draft, 'chromium'), Buffer.concat(chunks), { mode: 0o755 });
  const { extract } = createRequire(join(root, 'package.json'))('tar-fs') as { extract: (into: string) => NodeJS.WritableStream };
  for (const name of ['al2023', 'fonts', 'swiftshader']) {
    const into = name === 'fonts' ? join(draft, name) : draft;
    await pipeline(unbrotlied(await readFile(join(root, 'bin', `${name}.tar.br`))), extract(into));
  }
  // Its own names the folders of the service that it is made for.
  const fonts = `<fontconfig><dir>${folder}/fonts/fonts</dir><cachedir>${folder}/cache</cachedir></fontconfig>`;
  await writeFile(join(draft, 'fonts', 'fonts.conf'), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">${fonts}`);
  // Whoever comes second keeps the first one's.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  return folder;
}

function unbrotlied(file: Buffer): NodeJS.ReadableStream {
  return Readable.from(file).pipe(createBrotliDecompress());
}
