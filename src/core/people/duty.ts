/** What of a task decides who may do what. */
export interface Duty {
  kind: string;
  status: string;
  queue: string | null;
  /** Who has it; null: nobody alone. */
  assigneeId: string | null;
  people: readonly DutyPerson[];
}

/** One person who is, or was, asked. */
export interface DutyPerson {
  userId: string;
  isAsked: boolean;
  /** Others have been asked instead. */
  isReplaced: boolean;
  hasDecided: boolean;
}

/** Somebody who works on tasks, with the queues that they work in. */
export interface Worker {
  userId: string;
  queues: readonly string[];
}

/** Why somebody may not do something with a task. */
export type DutyRefusal = 'finished' | 'claimed' | 'of_others' | 'decided' | 'not_claimable' | 'not_claimed';

/** True when a task concerns them: they are or were asked, or it is in a queue of theirs. */
export function concerns(task: Duty, worker: Worker): boolean {
  return task.people.some(({ userId }) => userId === worker.userId) || isOfQueue(task, worker);
}

/** Why they may not take a task for themselves; null when they may, or have it already. */
export function claimRefusal(task: Duty, worker: Worker): DutyRefusal | null {
  if (task.status !== 'open') return 'finished';
  if (task.assigneeId === worker.userId) return null;
  if (!isTheirs(task, worker)) return 'of_others';
  if (task.assigneeId !== null) return 'claimed';
  return isVote(task) ? 'not_claimable' : null;
}

/** Why they may not give a task back; null when they may. */
export function releaseRefusal(task: Duty, worker: Worker): DutyRefusal | null {
  if (task.status !== 'open') return 'finished';
  if (task.assigneeId !== worker.userId) return task.assigneeId === null ? 'not_claimed' : 'claimed';
  // Nobody else could take it up.
  return task.queue === null && asked(task).length <= 1 ? 'not_claimable' : null;
}

/** Why they may not answer; null when they may. */
export function completeRefusal(task: Duty, worker: Worker): DutyRefusal | null {
  if (task.status !== 'open') return 'finished';
  if (!isTheirs(task, worker)) return 'of_others';
  if (task.assigneeId !== null && task.assigneeId !== worker.userId) return 'claimed';
  return task.people.some((one) => one.userId === worker.userId && !one.isReplaced && one.hasDecided) ? 'decided' : null;
}

/** True when each of those who are asked answers for themselves: there is nothing to claim. */
export function isVote(task: Duty): boolean {
  return task.kind === 'approval' && task.queue === null && asked(task).length > 1;
}

function asked({ people }: Duty): DutyPerson[] {
  return people.filter(({ isAsked, isReplaced }) => isAsked && !isReplaced);
}

function isTheirs(task: Duty, worker: Worker): boolean {
  if (task.assigneeId === worker.userId) return true;
  return asked(task).some(({ userId }) => userId === worker.userId) || isOfQueue(task, worker);
}

function isOfQueue({ queue }: Duty, { queues }: Worker): boolean {
  return queue !== null && queues.includes(queue);
}
