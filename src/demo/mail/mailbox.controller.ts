import { Body, Controller, Delete, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import type { Caller } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { InputPipe } from '../crm/input.pipe.js';
import type { CaughtMail, Outage } from './mail-server.js';
import { MailServers } from './mail-servers.js';
import { SetOutage } from './outage.dto.js';

/** The mail server of the caller's workspace, and what it has caught: a developer's tool, not a part of the CRM. */
@Controller('crm/mailbox')
@UseGuards(BearerGuard)
export class MailboxController {
  constructor(private readonly mailServers: MailServers) {}

  @Get()
  list(@CurrentCaller() { workspaceId }: Caller): { items: readonly CaughtMail[]; total: number; outage: Outage } {
    const server = this.mailServers.of(workspaceId);
    const items = server.mailbox();
    return { items, total: items.length, outage: server.outage };
  }

  @Delete()
  @HttpCode(204)
  empty(@CurrentCaller() { workspaceId }: Caller): void {
    this.mailServers.of(workspaceId).empty();
  }

  /** Breaks the mail server of the workspace, and repairs it. */
  @Post('outage')
  @HttpCode(200)
  async setOutage(
    @CurrentCaller() { workspaceId }: Caller,
    @Body(new InputPipe(SetOutage)) { mode }: SetOutage,
  ): Promise<{ outage: Outage }> {
    const server = this.mailServers.of(workspaceId);
    await server.setOutage(mode);
    return { outage: server.outage };
  }
}
