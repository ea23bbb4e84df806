import { createRequire } from 'node:module';

// The libraries of core, loaded when first used: together they would be half of what importing this package costs. What
// core does with them is done at once, hence `require`, which reads them as any import would.

const require = createRequire(import.meta.url);

/** Returns luxon. */
export const luxon = once(() => require('luxon') as typeof import('luxon'));

/** Returns cron; of it only what reads expressions and computes with them is used. */
export const cron = once(() => require('cron') as typeof import('cron'));

/** Returns re2js. */
export const re2js = once(() => require('re2js') as typeof import('re2js'));

/** Returns Handlebars. */
export const handlebars = once(() => require('handlebars') as typeof import('handlebars'));

/** Returns a function that answers what `make` made when it was first asked. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
