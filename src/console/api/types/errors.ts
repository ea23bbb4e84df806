import type { Json } from '../../../core/json.js';

// What the API answers about what went wrong, or has to be mended, as far as the page reads it.

/** What keeps a draft from being published, or deserves a look; `path` is where. */
export interface Problem {
  path: string;
  message: string;
  hint?: string;
}

export interface LoggedError {
  code: string;
  message: string;
  hint?: string;
  step?: string;
  [member: string]: Json | undefined;
}
