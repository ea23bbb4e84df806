import type { FormField } from './form-field.js';

/** What people are asked: a yes or no, values, a look at something, or to take something over. */
export const TASK_KINDS = ['approval', 'form', 'review', 'hand_off'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** How urgent it is. */
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** How many have to agree: the first who answers decides, everybody has to say yes, or so many. */
export type Required = 'one' | 'all' | number;

/** Who is asked: these users, everybody with the role, or whoever of the queue takes it. */
export interface Asked {
  assignees: string[];
  role: string | null;
  queue: string | null;
}

/** What a step asks of people, as it stands when its turn has come. Moments are ISO 8601. */
export interface Question extends Asked {
  task: TaskKind;
  title: string;
  message: string | null;
  /** Of an approval. */
  required: Required | null;
  /** Of an approval: a no needs a reason. */
  reasonRequired: boolean;
  /** What is to be filled in, with the defaults that are offered. */
  fields: FormField[];
  /** Fields of the record that those who are asked get to see. */
  show: string[];
  priority: Priority;
  dueAt: string | null;
  remindAt: string | null;
  /** When others are asked instead, who then decide alone. */
  escalation: (Asked & { at: string }) | null;
}
