import { ModuleRef } from '@nestjs/core';
import { type MailContent, Mailer, type MailOptions } from '../actions/email/mailer.js';
import { OutboundHttp, type OutboundOptions, type OutboundRequest, type OutboundResponse } from '../actions/outbound/outbound-http.js';
import { AUTOMATION_OPTIONS, type AutomationOptions, resolveSettings } from '../automation.options.js';
import { Automation } from '../engine/automation.js';
import type { Tick } from '../engine/automation-engine.js';
import { EmitterBridge } from '../engine/capture/emitter-bridge.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';

/** A message that would have been sent. */
export type CapturedMail = MailContent;

/** A request that would have been made. */
export type CapturedCall = Pick<OutboundRequest, 'method' | 'url' | 'headers' | 'body'>;

/** What we ask of a TestingModuleBuilder of `@nestjs/testing`, of whichever version the host has. */
export interface OverridableBuilder {
  overrideProvider(token: unknown): {
    useFactory(options: { factory: (...args: never[]) => unknown; inject?: never[] }): unknown;
  };
}

/**
 * Automation in the tests of a host: its loops stand still until a test says so, and nothing leaves the process. The
 * database is real, as everywhere: what a test sees is what the CRM would do.
 *
 * ```ts
 * const testing = new AutomationTesting();
 * const module = await testing.prepare(Test.createTestingModule({ imports: [AppModule] })).compile();
 * await module.init();
 *
 * await module.get(LeadService).create({ name: 'Ada', email: 'ada@lead.test' });
 * await testing.drain();
 *
 * expect(testing.mails).toMatchObject([{ subject: 'Welcome, Ada' }]);
 * ```
 */
export class AutomationTesting {
  /** The mails that send_email would have sent, in their order. Rendered and checked as ever. */
  readonly mails: CapturedMail[] = [];
  /** The calls that webhooks would have made, in their order. */
  readonly calls: CapturedCall[] = [];
  /** What the far side of a call says; 200 without a body unless a test puts something else here. May throw. */
  answer: (call: CapturedCall) => { status?: number; headers?: Record<string, string>; body?: string } = () => ({});
  private modules: ModuleRef | null = null;

  /** Puts the automation of the application under this object's command. Returns the builder, to be compiled. */
  prepare<Builder extends OverridableBuilder>(builder: Builder): Builder {
    const override = (token: unknown, inject: unknown[], factory: (...args: never[]) => unknown): void => {
      builder.overrideProvider(token).useFactory({ factory, inject: inject as never[] });
    };
    override(ENGINE_SETTINGS, [AUTOMATION_OPTIONS, ModuleRef], (options: AutomationOptions, modules: ModuleRef): EngineSettings => {
      this.modules = modules;
      return { ...resolveSettings(options), workerEnabled: false };
    });
    override(Mailer, [AUTOMATION_OPTIONS], ({ mail }: AutomationOptions) => new CapturingMailer(mail, this.mails));
    override(
      OutboundHttp,
      [AUTOMATION_OPTIONS],
      ({ outbound }: AutomationOptions) => new CapturingHttp(outbound, (call) => this.take(call)),
    );
    return builder;
  }

  /** One round: routes events, runs what is due, waits for its external steps. Returns how much of each there was. */
  async tick(): Promise<Tick> {
    return (await this.captured()).tick();
  }

  /** Rounds until nothing is due now. Returns how much there was. */
  async drain(): Promise<Tick> {
    return (await this.captured()).drain();
  }

  /** The automation, when what the host has emitted so far is written: an event that nobody waits for is in time all the same. */
  private async captured(): Promise<Automation> {
    if (!this.modules) throw new Error('Compile the builder that prepare() returned first: there is no automation yet.');
    await this.modules.get(EmitterBridge).settled();
    return this.modules.get(Automation);
  }

  private take(call: OutboundRequest): OutboundResponse {
    const { method, url, headers, body } = call;
    const captured: CapturedCall = { method, url, ...(headers && { headers }), ...(body !== undefined && { body }) };
    this.calls.push(captured);
    const answer = this.answer(captured);
    return { status: answer.status ?? 200, headers: answer.headers ?? {}, body: Buffer.from(answer.body ?? ''), truncated: false };
  }
}

/** Everything as the application's own mailer, except that the last step leads nowhere. */
class CapturingMailer extends Mailer {
  constructor(
    options: MailOptions | undefined,
    private readonly captured: CapturedMail[],
  ) {
    super({ from: 'CRM <crm@example.test>', ...options, transport: { jsonTransport: true } as MailOptions['transport'] });
  }

  override async send(...[content, options]: Parameters<Mailer['send']>): ReturnType<Mailer['send']> {
    const sent = await super.send(content, options);
    this.captured.push(content);
    return sent;
  }
}

/** Checks addresses as the application's own does, and calls none. */
class CapturingHttp extends OutboundHttp {
  constructor(
    options: OutboundOptions | undefined,
    private readonly take: (call: OutboundRequest) => OutboundResponse,
  ) {
    super(options);
  }

  override async send(call: OutboundRequest): Promise<OutboundResponse> {
    return this.take(call);
  }
}
