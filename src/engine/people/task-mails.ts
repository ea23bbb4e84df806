import { Injectable, Logger } from '@nestjs/common';
import { parseAddresses } from '../../actions/email/addresses.js';
import { Mailer, type SendOptions } from '../../actions/email/mailer.js';
import { AutomationError } from '../../core/errors.js';
import { AutomationDatabase } from '../../store/database.js';
import { workspacesWithDue } from '../../store/due-by-workspace.js';
import { type HeldMail, holdDueMails, removeMail } from '../../store/human-task-times.js';
import { Turns } from '../../store/turns.js';
import type { DueWork, TimingRound } from '../timing/timed-trigger.js';
import { type ApprovalAddresses, ApprovalLinks } from './approval-links.js';
import { taskMessage } from './task-message.js';

/** Mails that are sent side by side. */
const BATCH = 10;
const MOST_WORKSPACES = 5;
const MOST_ATTEMPTS = 5;
const TIMEOUT_MS = 10_000;

/**
 * Mails about tasks, at least once: a mail is noted with the notification, and forgotten when it is sent. Where no mail is
 * set up, people have their notifications.
 */
@Injectable()
export class TaskMails implements DueWork {
  readonly name = 'mails about human tasks';
  readonly kind = 'taskMails';
  private readonly turns = new Turns();
  private readonly logger = new Logger('AutomationTasks');

  constructor(
    private readonly database: AutomationDatabase,
    private readonly mailer: Mailer,
    private readonly links: ApprovalLinks,
  ) {}

  async round(): Promise<TimingRound> {
    const workspaces = await this.database.statement((manager) =>
      workspacesWithDue(manager, 'human_task_mails', MOST_WORKSPACES, this.turns),
    );
    let more = workspaces.length === MOST_WORKSPACES;
    for (const workspaceId of workspaces) {
      const mails = await this.database.statement((manager) => holdDueMails(manager, workspaceId, BATCH));
      if (mails.length === BATCH) more = true;
      await Promise.all(mails.map((mail) => this.deliver(workspaceId, mail)));
    }
    return { starts: 0, more };
  }

  private async deliver(workspaceId: string, mail: HeldMail): Promise<void> {
    const isLeft = mail.isOpen && (await this.send(workspaceId, mail)) === 'again';
    if (!isLeft) await this.database.statement((manager) => removeMail(manager, workspaceId, mail));
  }

  private async send(workspaceId: string, mail: HeldMail): Promise<'over' | 'again'> {
    try {
      const { title, body } = taskMessage(mail, mail.notice, await this.linksOf(workspaceId, mail));
      await this.mailer.send(
        { to: parseAddresses(mail.address, 'to'), subject: title, text: body },
        { workspaceId, ...identityOf(mail), timeoutMs: TIMEOUT_MS },
      );
      return 'over';
    } catch (error) {
      if (error instanceof AutomationError && error.code === 'mail_not_configured') return 'over';
      const isFinal = error instanceof AutomationError && error.retry.kind === 'permanent';
      if (!isFinal && mail.attempts < MOST_ATTEMPTS) return 'again';
      // Of the error the code alone: a message may hold addresses.
      const code = error instanceof AutomationError ? error.code : 'unknown';
      this.logger.warn(`Workspace ${workspaceId}: the mail about task ${mail.taskId} to ${mail.userId} was not sent: ${code}.`);
      return 'over';
    }
  }

  /** Written before the mail goes: the links are good when it arrives. */
  private linksOf(workspaceId: string, { kind, runId, path, attempt, userId }: HeldMail): Promise<ApprovalAddresses | null> {
    if (kind !== 'approval') return Promise.resolve(null);
    return this.database.statement((manager) => this.links.issue(manager, { workspaceId, runId, path, attempt }, userId));
  }
}

/**
 * Who is told a second time (reminded, asked again) gets a mail of its own, beside the first: mail programs drop one whose
 * Message-ID they have seen. What the step asks anew when it is retried belongs to the same thread.
 */
function identityOf({ taskId, notice, userId, notedAt, runId, path }: HeldMail): Pick<SendOptions, 'idempotencyKey' | 'thread'> {
  return { idempotencyKey: `task.${taskId}.${notice}.${userId}.${notedAt.getTime()}`, thread: `thread.${runId}.${path}.${userId}` };
}
