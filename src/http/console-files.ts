import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** One file that the console's page loads. */
export interface ConsoleAsset {
  type: string;
  plain: Buffer;
  /** Compressed once, when it is first asked for. */
  gzip: () => Buffer;
}

/** The console as it was built. */
export interface ConsoleFiles {
  html: string;
  assets: ReadonlyMap<string, ConsoleAsset>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

let kept: ConsoleFiles | null | undefined;

/** Returns the built console, read when it is first asked for, not at start; null where `npm run build` has not made it. */
export function consoleFiles(): ConsoleFiles | null {
  if (kept === undefined) {
    const folder = builtFolder();
    kept = folder === null ? null : { html: readFileSync(join(folder, 'index.html'), 'utf8'), assets: readAssets(join(folder, 'assets')) };
  }
  return kept;
}

function readAssets(folder: string): Map<string, ConsoleAsset> {
  return new Map(
    readdirSync(folder).map((name) => {
      const plain = readFileSync(join(folder, name));
      let compressed: Buffer | undefined;
      const gzip = (): Buffer => {
        compressed ??= gzipSync(plain, { level: 9 });
        return compressed;
      };
      return [name, { type: TYPES[extname(name)] ?? 'application/octet-stream', plain, gzip }];
    }),
  );
}

/** The nearest `dist/console` above this file, which runs from src/, dist/src/ and dist/cjs/src/. */
function builtFolder(): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const built = join(folder, 'dist', 'console');
    if (existsSync(join(built, 'index.html'))) return built;
    if (folder === dirname(folder)) return null;
  }
}
