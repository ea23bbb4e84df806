import type { TaskNotice } from '../../core/people/task-times.js';
import type { HeldMail } from '../../store/human-task-times.js';
import type { ApprovalAddresses } from './approval-links.js';

/** What those who are asked are told, in a notification or a mail. Plain text: what stands in a record is data. */
export interface TaskMessage {
  title: string;
  body: string;
}

const PREFIX: Readonly<Record<TaskNotice, string>> = {
  new: '',
  reminder: 'Reminder: ',
  due: 'Overdue: ',
  escalated: 'Passed on to you: ',
};
const LONGEST_TITLE = 200;

/** The one place where it is said what is asked; `links` where people may answer by them. */
export function taskMessage(
  task: Pick<HeldMail, 'title' | 'message' | 'recordTitle' | 'priority' | 'queue' | 'dueOn'>,
  notice: TaskNotice,
  links: ApprovalAddresses | null = null,
): TaskMessage {
  const { title, message, recordTitle, priority, queue, dueOn } = task;
  const about = recordTitle === null ? '' : ` (${recordTitle})`;
  const facts = [
    ...(dueOn === null ? [] : [`Due: ${dueOn.toISOString().slice(0, 16).replace('T', ' ')} UTC.`]),
    ...(priority === 'normal' ? [] : [`Priority: ${priority}.`]),
    ...(queue === null ? [] : [`In the queue ${queue}: whoever takes it.`]),
  ];
  return {
    // One line: it becomes a subject.
    title: `${PREFIX[notice]}${title}${about}`.replace(/\s+/g, ' ').slice(0, LONGEST_TITLE),
    body: [message ?? title, ...(facts.length > 0 ? [facts.join(' ')] : []), ...(links === null ? [] : [invitation(links)])].join('\n\n'),
  };
}

function invitation({ review, approve, reject }: ApprovalAddresses): string {
  return `Review: ${review}
Approve: ${approve}
Reject: ${reject}

Each opens a page that asks you once more. These links are yours alone: who has them answers in your name.`;
}
