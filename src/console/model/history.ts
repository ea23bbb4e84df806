/** What can be undone, and what can be done again. Each state is whole; they share what is the same in them. */
export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** What the last edit was about: further ones about the same are undone with it. */
  about: string | null;
}

const MOST_STEPS = 200;

/** Returns a history that begins. */
export function startHistory<T>(present: T): History<T> {
  return { past: [], present, future: [], about: null };
}

/**
 * Returns the history with one more edit. Edits that follow each other and are `about` the same, such as the letters typed into one
 * field, are one step of undo.
 */
export function edit<T>(history: History<T>, present: T, about: string | null = null): History<T> {
  if (present === history.present) return history;
  const isSame = about !== null && about === history.about;
  const past = isSame ? history.past : [...history.past, history.present].slice(-MOST_STEPS);
  return { past, present, future: [], about };
}

/** Returns the history a step back; the same where there is none. */
export function undo<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), present: before, future: [history.present, ...history.future], about: null };
}

/** Returns the history a step forward; the same where there is none. */
export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, about: null };
}
