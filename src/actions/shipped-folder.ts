import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns the path of a folder of `templates` as the package ships it: the nearest above this file, which runs from src/, dist/src/ and dist/cjs/src/. */
export function shippedFolder(name: 'email' | 'recipes'): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'templates', name)) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return join(folder, 'templates', name);
}
