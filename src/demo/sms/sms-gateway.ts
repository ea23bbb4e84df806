import { randomUUID } from 'node:crypto';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { Caller } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';

/** A text message as the gateway took it. */
export interface SentSms {
  id: string;
  to: string;
  text: string;
  sentAt: string;
}

const KEPT = 500;

/** Stands in for a provider of text messages. Like a good one, it takes the same idempotency key only once, and shows each of its customers their own. */
@Injectable()
export class SmsGateway {
  private readonly byKey = new Map<string, { sms: SentSms; workspaceId: string }>();

  async send(to: string, text: string, idempotencyKey: string, workspaceId: string): Promise<SentSms> {
    const known = this.byKey.get(idempotencyKey);
    if (known !== undefined) return known.sms;
    const sms = { id: randomUUID(), to, text, sentAt: new Date().toISOString() };
    this.byKey.set(idempotencyKey, { sms, workspaceId });
    const oldest = this.byKey.keys().next().value;
    if (this.byKey.size > KEPT && oldest !== undefined) this.byKey.delete(oldest);
    return sms;
  }

  sent(workspaceId: string): SentSms[] {
    const own = [...this.byKey.values()].filter((one) => one.workspaceId === workspaceId);
    return own.map(({ sms }) => sms).reverse();
  }
}

/** What went through the gateway, of the caller's workspace. */
@Controller('crm/sms')
@UseGuards(BearerGuard)
export class SmsController {
  constructor(private readonly gateway: SmsGateway) {}

  @Get()
  list(@CurrentCaller() { workspaceId }: Caller): { items: SentSms[]; total: number } {
    const items = this.gateway.sent(workspaceId);
    return { items, total: items.length };
  }
}
