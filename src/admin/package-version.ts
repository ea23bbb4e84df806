import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shippedFolder } from '../actions/shipped-folder.js';

let known: string | undefined;

/** Returns the version of this package, as its package.json has it. */
export function packageVersion(): string {
  known ??= (JSON.parse(readFileSync(join(dirname(dirname(shippedFolder('email'))), 'package.json'), 'utf8')) as { version: string })
    .version;
  return known;
}
