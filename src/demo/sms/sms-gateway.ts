import { randomUUID } from 'node:crypto';
import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { BearerGuard } from '../access/bearer.guard.js';

/** A text message as the gateway took it. */
export interface SentSms {
  id: string;
  to: string;
  text: string;
  sentAt: string;
}

const KEPT = 500;

/** Stands in for a provider of text messages. Like a good one, it takes the same idempotency key only once. */
@Injectable()
export class SmsGateway {
  private readonly byKey = new Map<string, SentSms>();

  async send(to: string, text: string, idempotencyKey: string): Promise<SentSms> {
    const known = this.byKey.get(idempotencyKey);
    if (known !== undefined) return known;
    const sms = { id: randomUUID(), to, text, sentAt: new Date().toISOString() };
    this.byKey.set(idempotencyKey, sms);
    const oldest = this.byKey.keys().next().value;
    if (this.byKey.size > KEPT && oldest !== undefined) this.byKey.delete(oldest);
    return sms;
  }

  sent(): SentSms[] {
    return [...this.byKey.values()].reverse();
  }
}

/** What went through the gateway. */
@Controller('crm/sms')
@UseGuards(BearerGuard)
export class SmsController {
  constructor(private readonly gateway: SmsGateway) {}

  @Get()
  list(): { items: SentSms[]; total: number } {
    const items = this.gateway.sent();
    return { items, total: items.length };
  }
}
