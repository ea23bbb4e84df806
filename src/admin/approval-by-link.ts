import { Injectable } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import { invalidRequest } from '../core/json-shape.js';
import { completeRefusal } from '../core/people/duty.js';
import type { Vote } from '../core/people/votes.js';
import { type ApprovalPurpose, isFromPage } from '../engine/people/approval-links.js';
import { ApprovalVisits } from '../engine/people/approval-visits.js';
import type { Caller } from '../host/access.js';
import { findTask } from '../store/human-tasks.js';
import type { LinkedTask } from '../store/wait-tokens.js';
import { type TaskAnswered, TaskDecisions } from './task-decisions.js';
import { dutyOf, seen, TaskDesk, taskRefused, workerOf } from './task-desk.js';
import { type TaskDetail, TaskService } from './task-service.js';

/** What the page of a link sends. */
export interface PageAnswer {
  nonce: string;
  decision: Vote;
  comment: string | null;
}

/** An approval as the person of the link gets to see it. */
export interface LinkedApproval {
  task: TaskDetail;
  /** What the link is for. */
  purpose: ApprovalPurpose;
  person: { id: string; name: string };
}

/** What each link lets its person say. */
const DECISIONS: Readonly<Record<ApprovalPurpose, readonly Vote[]>> = {
  review: ['approved', 'rejected'],
  approve: ['approved'],
  reject: ['rejected'],
};

/**
 * Approvals by the links of mails: the token says who the person is and what they may say, as long as the CRM knows them as
 * active. Opening a link decides nothing.
 */
@Injectable()
export class ApprovalByLink {
  constructor(
    private readonly visits: ApprovalVisits,
    private readonly desk: TaskDesk,
    private readonly tasks: TaskService,
    private readonly decisions: TaskDecisions,
  ) {}

  /** What the page shows. Throws `not_found`, `task_finished`, `task_decided`, `task_claimed`, `link_over`, `too_many_requests`. */
  async open(token: string): Promise<LinkedApproval> {
    const { caller, link } = await this.personOf(token);
    const task = await whileAsked(async () => {
      const viewer = await this.desk.viewer(caller);
      // What they have nothing to decide about any more shows them nothing: a link does not outlive what it asks.
      const { task: row, people } = await this.desk.read(link.workspaceId, (manager) => seen(manager, link.taskId, viewer, findTask));
      const refusal = completeRefusal(dutyOf(row, people), workerOf(viewer));
      if (refusal !== null) throw taskRefused(refusal, row);
      return this.tasks.get(link.taskId, caller);
    });
    return { task, purpose: link.purpose as ApprovalPurpose, person: { id: caller.userId, name: caller.name ?? caller.userId } };
  }

  /** Takes what the page sends. Throws as {@link open} does, and `invalid_request` for what did not come from the page. */
  async decide(token: string, { nonce, decision, comment }: PageAnswer): Promise<TaskAnswered> {
    const { caller, link } = await this.personOf(token);
    if (!isFromPage(token, nonce)) throw invalidRequest([{ path: 'nonce', message: 'Open the link, and answer on its page.' }]);
    if (!DECISIONS[link.purpose as ApprovalPurpose].includes(decision)) {
      throw invalidRequest([{ path: 'decision', message: 'This link is not for that: use the other one, or the one to review.' }]);
    }
    return whileAsked(() => this.decisions.complete(link.taskId, { decision, comment }, 'link', caller));
  }

  private async personOf(token: string): Promise<{ caller: Caller; link: LinkedTask }> {
    const link = await this.visits.find(token);
    if (link === null) throw nobodys();
    const { workspaceId, who } = link;
    const person = await this.desk.read(workspaceId, async (manager) => (await this.desk.users(manager, workspaceId, [who])).get(who));
    // Who has left the CRM decides nothing any more.
    if (!person) throw nobodys();
    return { link, caller: { workspaceId, userId: who, name: person.name, roles: person.roles ?? [], permissions: ['tasks'] } };
  }
}

/** The task behind a link is there: whom it is nothing to was asked once, and is asked no more. Throws `link_over`. */
async function whileAsked<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AutomationError) || !NOT_THEIRS.has(error.code)) throw error;
    throw new AutomationError('link_over', 'Others are asked instead of you by now, so that this link decides nothing any more.');
  }
}

const NOT_THEIRS: ReadonlySet<string> = new Set(['task_of_others', 'task_not_found']);

function nobodys(): AutomationError {
  return new AutomationError('not_found', 'There is nothing here.');
}
