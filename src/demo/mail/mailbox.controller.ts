import { Body, Controller, Delete, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { AutomationError, type Caller, RunService } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { InputPipe } from '../crm/input.pipe.js';
import { type CaughtMail, MailServer, type Outage } from './mail-server.js';
import { SetOutage } from './outage.dto.js';

/** A message's id begins with that of its run. */
const RUN_ID = /^<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\./;

/** What the demo's mail server has caught of the caller's workspace: a developer's tool, not a part of the CRM. */
@Controller('crm/mailbox')
@UseGuards(BearerGuard)
export class MailboxController {
  /** Whose mails are, as far as somebody has asked: a run belongs to one workspace for ever. */
  private readonly owners = new WeakMap<CaughtMail, string>();

  constructor(
    private readonly mailServer: MailServer,
    private readonly runs: RunService,
  ) {}

  @Get()
  async list(@CurrentCaller() caller: Caller): Promise<{ items: readonly CaughtMail[]; total: number; outage: Outage }> {
    const items = await this.ownMails(caller);
    return { items, total: items.length, outage: this.mailServer.outage };
  }

  @Delete()
  @HttpCode(204)
  async empty(@CurrentCaller() caller: Caller): Promise<void> {
    this.mailServer.remove(await this.ownMails(caller));
  }

  private async ownMails(caller: Caller): Promise<CaughtMail[]> {
    const own: CaughtMail[] = [];
    for (const mail of this.mailServer.mailbox()) if (await this.isOwn(mail, caller)) own.push(mail);
    return own;
  }

  private async isOwn(mail: CaughtMail, caller: Caller): Promise<boolean> {
    const owner = this.owners.get(mail);
    if (owner !== undefined) return owner === caller.workspaceId;
    const runId = RUN_ID.exec(mail.messageId ?? '')?.[1];
    if (runId === undefined) return false;
    try {
      await this.runs.get(runId, caller);
    } catch (error) {
      // Another workspace's run is no run at all.
      if (error instanceof AutomationError && error.code === 'run_not_found') return false;
      throw error;
    }
    this.owners.set(mail, caller.workspaceId);
    return true;
  }

  /** Breaks the mail server, which is everybody's, and repairs it. */
  @Post('outage')
  @HttpCode(200)
  async setOutage(@Body(new InputPipe(SetOutage)) { mode }: SetOutage): Promise<{ outage: Outage }> {
    await this.mailServer.setOutage(mode);
    return { outage: this.mailServer.outage };
  }
}
