import type { CrmLookup, ExternalStep, InjectionToken, LocalStep, StepSecrets } from '../../../src/actions/action.js';
import type { ModuleDescription } from '../../../src/core/catalog.js';
import { MASK } from '../../../src/core/definition/mask.js';
import type { RecordData, RecordRef } from '../../../src/core/event.js';
import type { JsonObject } from '../../../src/core/json.js';
import type { Scope } from '../../../src/core/scope.js';
import type { CrmUser, NewNotification, NewTask } from '../../../src/host/crm-host.js';
import { checkedPatch } from '../../../src/host/field-values.js';

export const NOW = new Date('2025-03-29T09:00:00.000Z');

export const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  stageField: 'stage',
  ownerField: 'ownerId',
  relations: [{ name: 'account', module: 'accounts' }],
  events: [],
  fields: [
    { name: 'id', label: 'Id', type: 'text', nullable: false, writable: true },
    { name: 'name', label: 'Name', type: 'text', nullable: false, writable: true },
    { name: 'email', label: 'Email', type: 'text', nullable: true, writable: true },
    { name: 'stage', label: 'Stage', type: 'text', nullable: false, writable: true },
    { name: 'ownerId', label: 'Owner', type: 'text', nullable: true, writable: true },
    { name: 'priority', label: 'Priority', type: 'text', nullable: true, writable: true, options: ['Normal', 'Urgent'] },
    { name: 'amount', label: 'Amount', type: 'money', nullable: true, writable: true },
    { name: 'score', label: 'Score', type: 'number', nullable: true, writable: true },
    { name: 'closeDate', label: 'Close date', type: 'date', nullable: true, writable: true },
    { name: 'tags', label: 'Tags', type: 'list', nullable: true, writable: true },
    { name: 'optIn', label: 'Opt-in', type: 'boolean', nullable: false, writable: true },
    { name: 'createdAt', label: 'Created', type: 'datetime', nullable: false, writable: false },
  ],
};

export const LEAD: RecordData = {
  id: 'l-1',
  name: 'Ann <b>Lee</b>',
  email: 'ann@example.test',
  stage: 'New',
  ownerId: 'u-1',
  priority: 'Normal',
  amount: 10.1,
  score: null,
  closeDate: null,
  tags: [],
  optIn: true,
  account: { id: 'a-1', industry: 'Energy' },
};

const USERS: CrmUser[] = [
  { id: 'u-1', name: 'Una One', email: 'una@acme.test', roles: ['sales'] },
  { id: 'u-2', name: 'Tom Two', email: null, roles: ['sales', 'manager'] },
  { id: 'u-3', name: 'Tia Three', email: 'tia@acme.test', roles: ['sales'] },
];

export function scopeOf(record: RecordData | null = LEAD, more: Partial<Scope> = {}): Scope {
  return {
    record,
    previous: null,
    changes: {},
    trigger: { module: 'leads', event: 'created' },
    context: {},
    steps: {},
    actor: { type: 'user', id: 'u-3' },
    workflow: { id: 'w-1', code: 'welcome', name: 'Welcome', version: 1 },
    run: { id: 'run-1', startedAt: NOW.toISOString() },
    now: NOW.toISOString(),
    timezone: 'Europe/Berlin',
    ...more,
  };
}

/** A CRM in memory behind the interface that local actions get. */
export class FakeCrm {
  record: RecordData | null = structuredClone(LEAD);
  users = USERS;
  stages: string[] | null = ['New', 'Qualified', 'Won'];
  owned = new Map<string, number>();
  tasks: NewTask[] = [];
  notifications: NewNotification[] = [];
  writes: JsonObject[] = [];
  rotations = new Map<string, number>();

  async get(): Promise<RecordData | null> {
    return this.record && structuredClone(this.record);
  }

  async update(ref: RecordRef, change: (record: RecordData) => JsonObject): Promise<{ before: RecordData; after: RecordData }> {
    const before = structuredClone(this.record);
    if (!before) {
      throw new Error(`no record ${ref.id}`);
    }
    // checked as the session does
    const patch = checkedPatch(LEADS, change(structuredClone(before)));
    this.writes.push(patch);
    this.record = { ...before, ...patch };
    return { before, after: structuredClone(this.record) };
  }

  async createTask(task: NewTask): Promise<RecordData> {
    this.tasks.push(task);
    return { ...task, id: `t-${this.tasks.length}` } as unknown as RecordData;
  }

  async notify(notifications: NewNotification[]): Promise<string[]> {
    this.notifications.push(...notifications);
    return notifications.map((_each, index) => `n-${index + 1}`);
  }

  async findUsers(query: { ids: readonly string[] } | { role: string }): Promise<CrmUser[]> {
    return this.users.filter((user) => ('ids' in query ? query.ids.includes(user.id) : user.roles.includes(query.role)));
  }

  async leastBusy(_module: string, userIds: readonly string[]): Promise<string> {
    return userIds.reduce((least, id) => ((this.owned.get(id) ?? 0) < (this.owned.get(least) ?? 0) ? id : least));
  }

  async findStages(): Promise<string[] | null> {
    return this.stages;
  }

  async nextInRotation(key: string, size: number): Promise<number> {
    const turn = this.rotations.get(key) ?? 0;
    this.rotations.set(key, turn + 1);
    return turn % size;
  }
}

/** Takes note of what steps ask of state machines. */
class FakeMachines {
  readonly asked: object[] = [];

  async advance(asked: object): Promise<{ machineId: string; eventId: string }> {
    this.asked.push(asked);
    return { machineId: 'machine', eventId: 'event' };
  }
}

export function localStep(crm: FakeCrm, more: Partial<LocalStep> = {}): LocalStep {
  return { ...context(more.scope ?? scopeOf()), crm: crm as unknown as LocalStep['crm'], machines: new FakeMachines(), ...more };
}

export function externalStep(provided: readonly object[], more: Partial<ExternalStep> = {}): ExternalStep {
  const crm: CrmLookup = {
    findUsers: async (query) => new FakeCrm().findUsers(query),
    getRecord: async () => structuredClone(LEAD),
  };
  return { ...context(more.scope ?? scopeOf(), provided), crm, secrets: secretsOf({}), signal: new AbortController().signal, ...more };
}

/** Secrets of a workspace by name, with the origin that each may go to, as an attempt may use them. */
export function secretsOf(secrets: Readonly<Record<string, { value: string; origin: string }>>): StepSecrets {
  const revealed: string[] = [];
  const redact = <T>(value: T): T =>
    revealed.reduce((rest, text) => JSON.parse(JSON.stringify(rest ?? null).replaceAll(text, MASK)) as T, value);
  return {
    async reveal({ $secret, prefix = '' }, goesTo) {
      const secret = secrets[$secret];
      if (!secret || goesTo.some((url) => new URL(url).origin !== secret.origin)) throw new Error(`${$secret} must not go to ${goesTo}`);
      revealed.push(secret.value);
      return prefix + secret.value;
    },
    conceal: (text) => void revealed.push(text),
    redact: (value) => (revealed.length === 0 ? value : redact(value)),
  };
}

function context(scope: Scope, provided: readonly object[] = []) {
  return {
    workspaceId: 'acme',
    runId: 'run-1',
    workflow: { id: 'w-1', code: 'welcome', name: 'Welcome' },
    path: 'hello',
    attempt: 1,
    idempotencyKey: 'run-1.hello',
    module: LEADS,
    record: { module: 'leads', id: 'l-1' },
    scope,
    now: NOW,
    inject<T>(token: InjectionToken<T>): T {
      const found = provided.find((each) => typeof token === 'function' && each instanceof token);
      if (!found) {
        throw new Error(`nothing provided for ${String(token)}`);
      }
      return found as T;
    },
  };
}
