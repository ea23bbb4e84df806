import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AutomationError, type LoggedError } from '../../core/errors.js';
import type { Question } from '../../core/people/question.js';
import { approvalsNeeded } from '../../core/people/votes.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { titleOf } from '../../core/record-title.js';
import type { AskPeople } from '../../core/steps/asking.js';
import type { Decision } from '../../core/steps/step-kind.js';
import { type ClosedWait, closeTasks } from '../../store/human-tasks.js';
import { findQueue } from '../../store/task-queues.js';
import type { EndedWait, WaitCloser } from '../running/ended-waits.js';
import type { EffectPerformer } from '../running/flow-steps.js';
import type { HeldRun } from '../running/held-run.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { WakeUp } from '../wake-up.js';

/** What runs ask of people: a task is there when the run waits for it, and is nobody's to do any more when it does not. */
@Injectable()
export class HumanTasks implements EffectPerformer<'ask_people'>, WaitCloser {
  constructor(private readonly wakeUp: WakeUp) {}

  /** Throws `nobody_to_ask`, `too_few_approvers`, `queue_unknown`. */
  async perform(
    run: HeldRun,
    { path, attempt }: ReadyStep,
    { question }: AskPeople,
    { wakeAt }: Decision<object>,
    tx: StepTransaction,
  ): Promise<void> {
    const { workspaceId } = run;
    if (question.queue !== null && (await findQueue(tx.manager, workspaceId, question.queue)) === null) throw queueUnknown(question.queue);
    const people = await askedUsers(run, question, tx);
    const approvals = approvalsOf(question, people.length);
    const { escalation } = question;
    // Who is asked hears of it at once, not at the next look of a worker that has nothing else to do.
    this.wakeUp.announceAfterCommit(tx.manager, 'timing');
    tx.writes.tasks.push({
      workspaceId,
      id: uuidv7(),
      runId: run.id,
      path,
      attempt,
      workflowId: run.version.workflow.id,
      kind: question.task,
      title: question.title,
      message: question.message,
      fields: question.fields,
      shown: question.show,
      ...(await aboutOf(run, tx)),
      priority: question.priority,
      queue: question.queue,
      people,
      approvals,
      reasonRequired: question.reasonRequired,
      escalation: escalation && { assignees: escalation.assignees, role: escalation.role, queue: escalation.queue },
      dueAt: question.dueAt,
      expiresAt: wakeAt,
      remindAt: question.remindAt,
      escalateAt: escalation?.at ?? null,
    });
  }

  close(manager: EntityManager, ended: readonly EndedWait[]): Promise<void> {
    return closeTasks(manager, ended.map(closedWait));
  }
}

/** Active users only, each once: those who are named, in their order, and everybody who has the role. */
async function askedUsers(run: HeldRun, { assignees, role, queue }: Question, { unit }: StepTransaction): Promise<string[]> {
  const session = unit.forStep({ workspaceId: run.workspaceId, actor: run.actorOfItsEvents, cause: run.causeOfItsEvents });
  const named = assignees.length > 0 ? await session.findUsers({ ids: assignees }) : [];
  const withRole = role === null ? [] : await session.findUsers({ role });
  const people = [...new Set([...named, ...withRole].map(({ id }) => id))];
  if (people.length === 0 && queue === null) {
    const who = role === null ? `the users it names (${assignees.join(', ') || 'none'})` : `anybody with the role '${role}'`;
    throw new AutomationError('nobody_to_ask', `There is nobody to ask: ${who} is no active user of the workspace.`, {
      hint: 'Name active users, a role that somebody has, or a queue; then retry the run from this step.',
    });
  }
  return people;
}

function approvalsOf({ required }: Question, people: number): number | null {
  if (required === null) return null;
  const needed = approvalsNeeded(required, people);
  if (needed === null || needed <= people) return needed;
  throw new AutomationError(
    'too_few_approvers',
    `${needed} approvals are required, but only ${people} ${people === 1 ? 'is' : 'are'} asked.`,
    {
      hint: 'Ask more people, or require fewer approvals; then retry the run from this step.',
    },
  );
}

function queueUnknown(name: string): AutomationError {
  return new AutomationError('queue_unknown', `The workspace has no queue '${name}'.`, {
    hint: 'Make the queue, or name another one in the workflow; then retry the run from this step.',
  });
}

async function aboutOf(
  { workspaceId, record }: HeldRun,
  { unit }: StepTransaction,
): Promise<{ module: string | null; recordId: string | null; recordTitle: string | null }> {
  if (record === null) return { module: null, recordId: null, recordTitle: null };
  const found = await unit.read(workspaceId, record);
  return { module: record.module, recordId: record.id, recordTitle: found && titleOf(unit.module(record.module), found) };
}

function closedWait({ workspaceId, runId, step, end }: EndedWait): ClosedWait {
  const address = { workspaceId, runId, path: step?.path ?? null, attempt: step?.attempt ?? null };
  if (end.kind === 'answered') return { ...address, status: 'completed', reason: null };
  return { ...address, status: hasExpired(end.error) ? 'expired' : 'cancelled', reason: end.error };
}

/** An expiry that lets the run go on leaves no error. */
function hasExpired(error: LoggedError | null): boolean {
  return error === null || error.code === 'wait_expired';
}
