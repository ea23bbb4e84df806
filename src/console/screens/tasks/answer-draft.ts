import type { Json } from '../../../core/json.js';
import type { TaskDetail } from '../../api/types.js';
import { home } from '../../ui/location.js';

/** What somebody answers, as far as they have come. */
export interface AnswerDraft {
  values: Record<string, Json>;
  comment: string;
}

/**
 * Where answers are kept that nobody has sent yet: each key press in the tab, and for later, when asked to, in this browser.
 * By person, because people share computers.
 */
export class AnswerDrafts {
  private readonly key: string;

  constructor(
    private readonly task: TaskDetail,
    userId: string,
  ) {
    this.key = `automation-task ${home} ${userId} ${task.id}`;
  }

  /** What was typed, else what the step has put there at first. */
  read(): AnswerDraft {
    const first = Object.fromEntries(this.task.fields.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value]])));
    const text = sessionStorage.getItem(this.key) ?? localStorage.getItem(this.key);
    return { values: first, comment: '', ...(text === null ? {} : (JSON.parse(text) as AnswerDraft)) };
  }

  keep(draft: AnswerDraft): void {
    sessionStorage.setItem(this.key, JSON.stringify(draft));
  }

  keepForLater(draft: AnswerDraft): void {
    localStorage.setItem(this.key, JSON.stringify(draft));
    sessionStorage.removeItem(this.key);
  }

  get isKeptForLater(): boolean {
    return localStorage.getItem(this.key) !== null;
  }

  drop(): void {
    sessionStorage.removeItem(this.key);
    localStorage.removeItem(this.key);
  }
}
