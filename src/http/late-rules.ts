/** What DTOs have not yet told class-validator, class-transformer and `openapi.ts`. */
const untold: (() => void)[] = [];

/**
 * Puts off what the decorators of a DTO's members say. The build has it called around them (see `.ci/bundle.mjs`): a thousand
 * calls are a sixth of what importing the package costs, and no start needs them.
 *
 * @public
 */
export function later(tell: () => void): void {
  untold.push(tell);
}

/** To be called before a DTO is used: by the first request that has one, or by a document that describes them. */
export function tellRules(): void {
  for (const tell of untold.splice(0)) tell();
}
