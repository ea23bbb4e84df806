import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Injectable,
  Param,
  Post,
  type RawBodyRequest,
  Req,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { Webhook } from 'standardwebhooks';
import type { Caller } from '../../index.js';
import { BearerGuard, CurrentCaller } from '../access/bearer.guard.js';
import { FIRST_WORKSPACE, WORKSPACES } from '../access/tokens.js';
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

/** Keeps what arrived, newest first, each workspace's by itself. */
@Injectable()
export class Sink {
  private readonly byWorkspace = new Map<string, ReceivedWebhook[]>();
  private readonly verifier: Webhook;

  constructor(@Inject(DEMO_SETTINGS) settings: DemoSettings) {
    this.verifier = new Webhook(settings.sinkSecret);
  }

  received(workspaceId: string): readonly ReceivedWebhook[] {
    return this.byWorkspace.get(workspaceId) ?? [];
  }

  keep(workspaceId: string, headers: ReceivedHeaders, body: unknown, raw: Buffer | undefined): void {
    const signature = this.check(headers, raw);
    const one = { receivedAt: new Date().toISOString(), signature, headers, body: body ?? null };
    this.byWorkspace.set(workspaceId, [one, ...this.received(workspaceId)].slice(0, KEPT));
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

  /**
   * Open to everyone, as the far side of a webhook is: it knows the sender by the signature, not by our tokens. The last segment
   * says whose sink it is; without it, it is that of the workspace whose recipes call it.
   */
  @Post(['', ':workspaceId'])
  @HttpCode(200)
  receive(
    @Param('workspaceId') workspaceId: string | undefined,
    @Headers() headers: ReceivedHeaders,
    @Body() body: unknown,
    @Req() request: RawBodyRequest<Request>,
  ): { received: true } {
    // Others are nobody's, and nobody would see what they keep.
    const isKnown = WORKSPACES.includes(workspaceId ?? FIRST_WORKSPACE);
    if (isKnown) this.sink.keep(workspaceId ?? FIRST_WORKSPACE, headers, body, request.rawBody);
    return { received: true };
  }

  @Get()
  @UseGuards(BearerGuard)
  list(@CurrentCaller() { workspaceId }: Caller): { items: readonly ReceivedWebhook[]; total: number } {
    const items = this.sink.received(workspaceId);
    return { items, total: items.length };
  }
}
