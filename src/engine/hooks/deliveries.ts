import { Inject, Injectable, Logger } from '@nestjs/common';
import { AutomationError, type LoggedError } from '../../core/errors.js';
import type { Actor } from '../../core/event.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import { invalidRequest } from '../../core/json-shape.js';
import type { SecretReference } from '../../core/secrets/secret-reference.js';
import type { Delivery, DeliveryRefusal } from '../../core/trigger/delivery.js';
import { seenHeaders } from '../../core/trigger/seen-request.js';
import { AutomationDatabase } from '../../store/database.js';
import { type DeliveryRow, findSameDelivery } from '../../store/deliveries.js';
import { startRow } from '../../store/start-row.js';
import type { FoundToken } from '../../store/trigger-tokens.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { MachineVersions } from '../machines/machine-versions.js';
import { SecretVault } from '../secrets/secret-vault.js';
import { WakeUp } from '../wake-up.js';
import { ActiveWorkflows } from '../workflows/active-workflows.js';
import { BodyValidator } from './body-validator.js';
import { callerRules, checkCaller } from './caller-checks.js';
import { HookGate } from './hook-gate.js';
import { hashOf } from './hook-token.js';
import { aboutInstance, aboutOf, type HeldTrigger, type HookTrigger, headersOf, hookTriggersOf } from './hook-triggers.js';
import type { IncomingDelivery } from './incoming-delivery.js';

/** What deliveries' keys are unique within. */
const SOURCE = 'webhook';
const CALLER: Actor = { type: 'system', id: null, name: 'Trigger URL' };
/** How often a token may turn out to be another one than was known, until somebody else is at work. */
const MOST_TRIES = 5;
/** What waits for a database that does not answer is kept in memory: so few, of 256 KB each. */
const MOST_UNDER_WAY = 400;

/** Opens a secret of the workspace. */
type Reveal = (reference: SecretReference) => Promise<string>;

/** What is to be made of a delivery whose token is known. */
type Capture =
  /** Null: nobody has its token. `starts`: whether a run may come of it. */
  | { row: DeliveryRow | null; starts: boolean }
  /** Whoever calls, or what he sends, is not what the trigger asks for: it only counts. */
  | { row: null; failure: AutomationError };

/**
 * The door for deliveries to trigger URLs: one row each, which the router routes like an event, committed before the answer.
 * Deliveries that come at the same time share a transaction. One whose URL starts nothing is written too, with the reason, and
 * answered like one that was taken: nobody learns from the answer which URLs there are.
 *
 * A machine has one URL for all its transitions by webhook, each with its own secret, signature and schema. A delivery is taken if one
 * of them takes it, and fires only those that do; which these are is decided here, by the published version: neither secrets nor
 * signatures are kept for later. So a secret that is replaced and published counts at once, also for instances on earlier versions,
 * whose transitions are told by their codes.
 */
@Injectable()
export class Deliveries {
  private readonly validator = new BodyValidator();
  private readonly logger = new Logger('AutomationHooks');
  private underWay = 0;

  constructor(
    private readonly database: AutomationDatabase,
    private readonly gate: HookGate,
    private readonly active: ActiveWorkflows,
    private readonly machines: MachineVersions,
    private readonly wakeUp: WakeUp,
    private readonly vault: SecretVault,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /**
   * Captures a delivery. Throws `unauthenticated`, `invalid_request` with the problems of the body, `idempotency_key_reused`,
   * `caller_uncheckable`, `too_many_requests`, `queue_full`, `busy`; and where the options ask for it, `not_found` for a URL that starts nothing.
   */
  async take(delivery: IncomingDelivery): Promise<void> {
    if (this.underWay >= MOST_UNDER_WAY) throw tooMany();
    this.underWay += 1;
    try {
      await this.capture(delivery);
    } finally {
      this.underWay -= 1;
    }
  }

  private async capture(delivery: IncomingDelivery): Promise<void> {
    const hash = hashOf(delivery.token);
    this.gate.assertNotLimited(hash);
    let known = this.gate.known(hash);
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const capture = await this.captureOf(known, delivery);
      const { row } = capture;
      const taken = await this.gate.take({ hash, known, from: delivery.from, row });
      if (taken.outcome !== 'other') return this.settle(capture, taken.outcome === 'captured', delivery);
      known = taken.token;
    }
    throw tooMany();
  }

  /** What is left to do when it has been counted. */
  private async settle(capture: Capture, isNew: boolean, delivery: IncomingDelivery): Promise<void> {
    if ('failure' in capture) throw capture.failure;
    const { row, starts } = capture;
    if (row && row.error === null && isNew) this.wakeUp.announce('events');
    if (!starts && this.settings.hooks.unknown === 'not_found') throw notFound();
    if (row?.key != null && !isNew) await this.assertSame(row, row.key, delivery.body);
  }

  private async captureOf(token: FoundToken | null, delivery: IncomingDelivery): Promise<Capture> {
    if (!token) return { row: null, starts: false };
    const published = await this.publishedOf(token);
    const triggers = published === null ? [] : hookTriggersOf(token.kind, published);
    const refused = refusalOf(token, triggers);
    // Nobody has checked who calls: that it came is kept, not the 256 KB that a revoked address could go on writing.
    const unheard = { ...deliveryOf(delivery, []), body: null };
    // Without a key: whoever sends again, to the URL that is right now, is to be heard.
    if (published === null) return { row: { ...rowOf(token, unheard, null), error: notPublished(token.kind) }, starts: false };
    if (refused) return { row: rowOf(token, { ...unheard, refused }, null), starts: false };
    const held = await this.hold(token, triggers, delivery);
    const failure = failureOf(held);
    if (failure) return { row: null, failure };
    const seen = deliveryOf(delivery, headersOf(held));
    const about =
      token.kind === 'machine'
        ? aboutInstance(held, subjectOf(published, 'integration'), seen)
        : aboutOf((held[0] as HeldTrigger).trigger, seen);
    const key = delivery.key === null ? null : `${token.workflowId}:${delivery.key}`;
    const module = token.kind === 'machine' ? subjectOf(published, 'module') : (held[0]?.trigger.record?.module ?? null);
    return { row: { ...rowOf(token, { ...seen, ...about }, key), module }, starts: true };
  }

  /** Holds a delivery against each trigger that its URL is for. What several ask for alike is checked once. */
  private async hold(token: FoundToken, triggers: readonly HookTrigger[], delivery: IncomingDelivery): Promise<HeldTrigger[]> {
    const now = new Date();
    const checked = new Map<string, AutomationError | null>();
    const reveal = this.revealOnce(token.workspaceId);
    const held: HeldTrigger[] = [];
    for (const one of triggers) {
      const { secret, signature, schema } = one.trigger;
      const name = JSON.stringify([secret, signature, schema]);
      const known = checked.get(name);
      const failure = known === undefined ? await this.failureOf(token, one, { delivery, now, reveal }) : known;
      checked.set(name, failure);
      held.push({ ...one, failure });
    }
    return held;
  }

  /** Opens a secret once for a delivery, however many transitions of a machine check their callers by it. */
  private revealOnce(workspaceId: string): Reveal {
    const opened = new Map<string, Promise<string>>();
    return (reference) => {
      const name = JSON.stringify(reference);
      const value = opened.get(name) ?? this.vault.reveal(workspaceId, reference);
      opened.set(name, value);
      return value;
    };
  }

  /** What keeps it from being taken; null: nothing. */
  private async failureOf(
    { workspaceId, workflowId, versionId }: FoundToken,
    { transition, trigger }: HookTrigger,
    { delivery, now, reveal }: { delivery: IncomingDelivery; now: Date; reveal: Reveal },
  ): Promise<AutomationError | null> {
    try {
      checkCaller(await callerRules(trigger, reveal), delivery, now);
      const name = transition === null ? String(versionId) : `${versionId} ${transition}`;
      const problems = trigger.schema ? (await this.validator.of(name, trigger.schema))(delivery.body) : [];
      return problems.length > 0 ? invalidRequest(problems) : null;
    } catch (error) {
      if (!(error instanceof AutomationError)) throw error;
      if (!OURS.has(error.code)) return error;
      this.logger.warn(`Workspace ${workspaceId}: a delivery to ${workflowId} could not be checked: ${error.message}`);
      return uncheckable();
    }
  }

  /** The published definition, as it is stored where this process cannot read it; null: there is none. */
  private async publishedOf({ workspaceId, versionId, kind }: FoundToken): Promise<Json> {
    if (versionId === null) return null;
    const { manager } = this.database.dataSource;
    const ref = [{ workspaceId, versionId }];
    if (kind === 'machine') {
      const machine = (await this.machines.load(manager, ref)).get(versionId);
      if (machine === undefined) return null;
      return machine.kind === 'compiled' ? (machine.machine.definition as unknown as JsonObject) : machine.row.definition;
    }
    const version = (await this.active.versionsOf(manager, ref)).get(versionId);
    if (version === undefined) return null;
    return version.kind === 'compiled' ? (version.version.definition as unknown as JsonObject) : version.row.definition;
  }

  /** A sender that repeats himself is told what he was told before; one that uses a key for something else hears of it. */
  private async assertSame({ workspaceId, source }: DeliveryRow, key: string, body: Json): Promise<void> {
    const earlier = await findSameDelivery(this.database.dataSource.manager, { workspaceId, source, key, body });
    if (earlier?.isSame !== false) return;
    throw new AutomationError('idempotency_key_reused', 'A delivery with this key and another body was received before.', {
      hint: 'Give each delivery a key of its own; only a repetition has the key of what it repeats.',
    });
  }
}

/** Why the URL starts nothing although there is a version. It stays so: the caller has not been checked. */
function refusalOf({ isOver, status, kind }: FoundToken, triggers: readonly HookTrigger[]): DeliveryRefusal | null {
  const rules = RULES[kind === 'machine' ? 'machine' : 'workflow'];
  if (isOver) return { reason: 'old_url', explanation: { rule: 'The delivery came to an old URL, which another one has replaced.' } };
  if (status !== 'active') return { reason: 'paused', explanation: { rule: rules.paused } };
  return triggers.length > 0 ? null : { reason: 'old_url', explanation: { rule: rules.unreached } };
}

const RULES = {
  workflow: {
    paused: 'The workflow was not active when the delivery came.',
    unreached: 'The delivery came to a URL, and the published version is not started by one.',
  },
  machine: {
    paused: 'The machine was disabled when the delivery came.',
    unreached: 'The delivery came to a URL, and no transition of the published version is fired by one.',
  },
};

function notPublished(kind: FoundToken['kind']): LoggedError {
  const of = kind === 'machine' ? 'machine' : 'workflow';
  return {
    code: `${of}_not_published`,
    message: `The delivery came to the URL of a ${of} that has no published version.`,
    hint: `Publish the ${of}, and have it sent again.`,
  };
}

/** What keeps it from being taken by any of them: of a caller that one of them knows what is wrong with what he sends. Null: nothing. */
function failureOf(held: readonly HeldTrigger[]): AutomationError | null {
  const failures = held.flatMap(({ failure }) => failure ?? []);
  if (failures.length < held.length) return null;
  return failures.find(({ code }) => code !== 'unauthenticated') ?? failures[0] ?? null;
}

/** What a machine is for: its module, or the integration whose runs it follows; null: it is for the other. */
function subjectOf(machine: Json, kind: 'module' | 'integration'): string | null {
  const subject = isJsonObject(machine) ? machine.for : undefined;
  const name = isJsonObject(subject) ? subject[kind] : undefined;
  return typeof name === 'string' ? name : null;
}

function rowOf({ workspaceId, workflowId }: FoundToken, trigger: Delivery, key: string | null): DeliveryRow {
  const said = { ...trigger } as unknown as JsonObject;
  const start = startRow({ workspaceId, event: 'webhook', actor: CALLER, source: SOURCE, key, trigger: said, target: { workflowId } });
  return Object.assign(start, { error: null });
}

/** As runs see it: with the headers that they may see. */
function deliveryOf({ body, headers, query }: IncomingDelivery, further: readonly string[]): Delivery {
  return { type: 'webhook', body, headers: seenHeaders(headers, further), query };
}

/** What is wrong on our side with a secret by which callers are checked. */
const OURS: ReadonlySet<string> = new Set(['secret_not_found', 'secret_unreadable', 'secrets_not_configured', 'webhook_secret_invalid']);

/** Strangers learn no names, and may come again: the secret may be there by then. */
function uncheckable(): AutomationError {
  return new AutomationError('caller_uncheckable', 'Who calls cannot be checked just now: a secret of this URL cannot be read.', {
    hint: 'Send again later; whoever gave you the URL finds the reason in the log of the application.',
    retry: { kind: 'transient', retryAfterMs: 60_000 },
  });
}

function tooMany(): AutomationError {
  return new AutomationError('busy', 'Too many deliveries are being received right now.', {
    hint: 'Send again in a moment.',
    retry: { kind: 'transient', retryAfterMs: 1_000 },
  });
}

function notFound(): AutomationError {
  return new AutomationError('not_found', 'There is nothing here.');
}
