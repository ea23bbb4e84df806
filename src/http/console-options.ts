import { AutomationError, type Problem } from '../core/errors.js';

/** How the console is served. */
export interface ConsoleOptions {
  /**
   * Put on the controller of the page: what a global guard of yours looks for, such as `[Public()]`. The page holds no data;
   * what may be seen and done is decided by the API, call by call.
   */
  decorators?: readonly ClassDecorator[];
  /**
   * Where people sign in, for those whom `access` does not know: http(s), or a path of yours. `{returnTo}` in it becomes the
   * address of the page.
   */
  signInUrl?: string;
  /** Whether that page has a field for a bearer token. Default false. */
  tokenInput?: boolean;
  /** Other origins whose pages may show the console in a frame: `['https://crm.acme.test']`. Default: the page's own alone. */
  frameAncestors?: readonly string[];
}

const MEMBERS: { [Name in keyof Required<ConsoleOptions>]: (value: unknown) => string | null } = {
  decorators: (value) => (Array.isArray(value) && value.every((one) => typeof one === 'function') ? null : 'must be a list of decorators'),
  signInUrl: (value) => (isAddress(value) ? null : 'must be an http(s) URL, or a path that begins with one /'),
  tokenInput: (value) => (typeof value === 'boolean' ? null : 'must be true or false'),
  frameAncestors: (value) =>
    Array.isArray(value) && value.every(isOrigin) ? null : 'must be a list of origins, such as https://crm.acme.test',
};

/** Throws `options_invalid` with a problem for each option that is not as it should be. */
export function checkConsoleOptions(options: ConsoleOptions): void {
  const problems: Problem[] = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const check = Object.hasOwn(MEMBERS, name) ? MEMBERS[name as keyof ConsoleOptions] : null;
    const message = check ? check(value) : `is no option. Options are: ${Object.keys(MEMBERS).join(', ')}`;
    return message === null ? [] : [{ path: `console.${name}`, message }];
  });
  if (problems.length === 0) return;
  const list = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new AutomationError('options_invalid', `The options of AutomationModule are not valid: ${list}.`, { problems });
}

/** An address to go to: no script, no other site by way of `//`. */
function isAddress(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  return /^\/(?![/\\])/.test(value) || (/^https?:\/\//i.test(value) && URL.canParse(value));
}

/** Such as can stand in a policy: with nothing that would end it. */
function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}
