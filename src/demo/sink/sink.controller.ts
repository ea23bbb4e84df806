import { Body, Controller, Get, Headers, HttpCode, Inject, Injectable, Post, type RawBodyRequest, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { Webhook } from 'standardwebhooks';
import { BearerGuard } from '../access/bearer.guard.js';
import { DEMO_SETTINGS, type DemoSettings } from '../settings.js';

type ReceivedHeaders = Record<string, string | string[] | undefined>;

/** One webhook that arrived. */
export interface ReceivedWebhook {
  receivedAt: string;
  /** Whether it is signed by Standard Webhooks with the secret that the sink shares with our workflow. */
  signature: 'valid' | 'invalid' | 'none';
  headers: ReceivedHeaders;
  body: unknown;
}

const KEPT = 500;

/** Keeps what arrived, newest first. */
@Injectable()
export class Sink {
  readonly received: ReceivedWebhook[] = [];
  private readonly verifier: Webhook;

  constructor(@Inject(DEMO_SETTINGS) settings: DemoSettings) {
    this.verifier = new Webhook(settings.sinkSecret);
  }

  keep(headers: ReceivedHeaders, body: unknown, raw: Buffer | undefined): void {
    const signature = this.check(headers, raw);
    this.received.unshift({ receivedAt: new Date().toISOString(), signature, headers, body: body ?? null });
    this.received.length = Math.min(this.received.length, KEPT);
  }

  /** The signature is over the bytes as they came; JSON that is parsed and written again may differ. */
  private check(headers: ReceivedHeaders, raw: Buffer | undefined): ReceivedWebhook['signature'] {
    if (headers['webhook-signature'] === undefined) return 'none';
    try {
      this.verifier.verify(raw ?? '', headers as Record<string, string>);
      return 'valid';
    } catch {
      return 'invalid';
    }
  }
}

/** Stands in for the other companies' systems that webhooks go to. */
@Controller('crm/sink')
export class SinkController {
  constructor(private readonly sink: Sink) {}

  /** Open to everyone, as the far side of a webhook is: it knows the sender by the signature, not by our tokens. */
  @Post()
  @HttpCode(200)
  receive(@Headers() headers: ReceivedHeaders, @Body() body: unknown, @Req() request: RawBodyRequest<Request>): { received: true } {
    this.sink.keep(headers, body, request.rawBody);
    return { received: true };
  }

  @Get()
  @UseGuards(BearerGuard)
  list(): { items: readonly ReceivedWebhook[]; total: number } {
    return { items: this.sink.received, total: this.sink.received.length };
  }
}
