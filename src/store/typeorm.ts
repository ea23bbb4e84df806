import { createRequire } from 'node:module';
import { once } from '../core/libraries.js';

const require = createRequire(import.meta.url);

/**
 * Returns TypeORM as the host has it, by `require`: an `import` has Node read all of TypeORM's files for the names that they
 * export, although a CommonJS host has loaded them already.
 */
export const typeorm = once(() => require('typeorm') as typeof import('typeorm'));
