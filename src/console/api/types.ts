// What the API answers, as far as the page reads it: a file for each of its parts.

export type * from './types/audit.js';
export type * from './types/errors.js';
export type * from './types/events.js';
export type * from './types/me.js';
export type * from './types/runs.js';
export type * from './types/tasks.js';
export type * from './types/timeline.js';
export type * from './types/why.js';
export type * from './types/workflows.js';
