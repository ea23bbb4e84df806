import { Body, Controller, Delete, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { BearerGuard } from '../access/bearer.guard.js';
import { InputPipe } from '../crm/input.pipe.js';
import { type CaughtMail, MailServer, type Outage } from './mail-server.js';
import { SetOutage } from './outage.dto.js';

/** What the demo's mail server has caught, for everyone: a developer's tool, not a part of the CRM. */
@Controller('crm/mailbox')
@UseGuards(BearerGuard)
export class MailboxController {
  constructor(private readonly mailServer: MailServer) {}

  @Get()
  list(): { items: readonly CaughtMail[]; total: number; outage: Outage } {
    const items = this.mailServer.mailbox();
    return { items, total: items.length, outage: this.mailServer.outage };
  }

  @Delete()
  @HttpCode(204)
  empty(): void {
    this.mailServer.empty();
  }

  /** Breaks the mail server, and repairs it. */
  @Post('outage')
  @HttpCode(200)
  async setOutage(@Body(new InputPipe(SetOutage)) { mode }: SetOutage): Promise<{ outage: Outage }> {
    await this.mailServer.setOutage(mode);
    return { outage: this.mailServer.outage };
  }
}
