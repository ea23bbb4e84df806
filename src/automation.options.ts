import type { DataSource } from 'typeorm';
import type { ActionDefinition } from './actions/define-action.js';
import type { MailOptions } from './actions/email/mailer.js';
import type { OutboundOptions } from './actions/outbound/outbound-http.js';
import { partProblems } from './automation.parts.js';
import { AutomationError, type Problem } from './core/errors.js';
import type { Actor } from './core/event.js';
import { didYouMean } from './core/nearest.js';
import { type QuietHours, quietHoursProblems } from './core/people/quiet-hours.js';
import { calendarProblems } from './core/time/calendar.js';
import { durationToMs, parseDuration } from './core/time/duration.js';
import type { EmitterMap } from './engine/capture/automation-event.js';
import type { CaptureDoor, EngineSettings, RecordUrl } from './engine/engine-settings.js';
import { type EncryptionKey, keyProblems } from './engine/secrets/key-ring.js';
import type { LinkSettings } from './engine/waits/wait-tokens.js';
import type { AccessPolicy } from './host/access.js';
import type { CalendarSource } from './host/calendar-source.js';
import type { CrmHost } from './host/crm-host.js';
import type { EntitlementSource } from './host/entitlement-source.js';
import type { AdminLimits } from './store/admin-database.js';
import type { MigrationMode, TransactionHook } from './store/database.js';

/** Options of {@link AutomationModule}. Only `dataSource` and `crm` are needed. */
export interface AutomationOptions {
  /** The host's DataSource (Postgres). The module opens its own small pool from its options. */
  dataSource: DataSource;
  /** The CRM's records: `typeOrmCrm({ … })`, or your own CrmHost. */
  crm: CrmHost;
  /** Who may call the admin API. Without it every call is refused. */
  access?: AccessPolicy;
  /** Your own actions, made with `defineAction`. */
  actions?: readonly ActionDefinition[];
  /** How mail is sent. Without it send_email fails with `mail_not_configured`. */
  mail?: MailOptions;
  /** What outbound calls (webhooks) may reach beyond public addresses. */
  outbound?: OutboundOptions;
  /** IANA zone of "today" in conditions and of dates in templates. Default `UTC`. */
  timezone?: string;
  /**
   * When people work: one calendar for all workspaces, or a function of the workspace, asked once a minute at most. Its
   * zone stands in for `timezone`. What `business_day` means in conditions, durations (`P3BD`) and date triggers, and
   * working hours in delays. Default: Monday to Friday, 09:00 to 17:00, no holidays.
   */
  calendar?: CalendarSource;
  /**
   * What a workspace may use, by its plan: `(workspaceId) => ({ plan: 'Basic', activeWorkflows: 3, runsPerMonth: 1000 })`. Asked
   * once a minute at most while something starts, and whenever a workflow is saved or made active. What the plan does not give
   * is refused as `plan_required`, and starts nothing: runs are skipped with the reason `plan`. Default: no limits.
   */
  entitlements?: EntitlementSource;
  /** What this process does beside capturing events and serving the admin API. */
  worker?: {
    /** Routes events and runs steps. Default true. */
    enabled?: boolean;
    /**
     * Calls to the outside (webhooks, mails, HTTP requests) of one workspace under way at the same time; a quarter more are there
     * for the others. A call that waits for the far side takes a socket and some kilobytes, no connection of the database: give
     * as many as you expect slow ones, and some for the others. Default 100.
     */
    concurrency?: number;
    /** Events or runs in one transaction. Default 200. */
    batchSize?: number;
    /** Looks for unannounced work this often, in milliseconds, while something is going on. Default 1,000. */
    pollIntervalMs?: number;
    /**
     * Looks this often, in milliseconds, while nothing is going on and other processes can announce their work (LISTEN). What
     * falls due is looked for in time. Default 5,000; where triggers capture (`capture: 'database'`), whose events nobody
     * announces, `pollIntervalMs`.
     */
    idlePollIntervalMs?: number;
    /** A dead worker's runs go on after so many milliseconds; its heartbeat comes at a third of them. Default 30,000. */
    leaseMs?: number;
    /** A stop waits this long for steps under way, in milliseconds. Default 25,000. */
    shutdownGraceMs?: number;
  };
  /**
   * Modules whose changes are captured where they are written, without a line in your services: do not publish them as well.
   *
   * - `subscriber`: what your code saves, inserts, removes, soft-removes or recovers as entities on `dataSource`, in the same
   *   transaction. TypeORM does not tell subscribers what `update()`, `delete()` and query builders write.
   * - `database`: whatever is written to the table, by whomever, raw SQL and other services included, by a trigger that is
   *   installed at start (`migrate: 'check'` refuses to start without it, and says the SQL; `captureSql` prints it). A
   *   transaction says who acts by `SET LOCAL automation.actor`, and is left out by `SET LOCAL automation.capture = 'off'`.
   *   Such events are found by polling.
   */
  capture?: Record<string, CaptureDoor>;
  /**
   * Who acts in your code at this moment, for what `subscriber` captures: from your AsyncLocalStorage. Default: whoever
   * `automation.actAs` named in the transaction, else the system.
   */
  actor?: () => Actor | null | undefined;
  /**
   * Where people see a record in the CRM, for links beside what is told of it: an http(s) address, or a path that begins with
   * one `/`; null where there is none. Called for each record that is shown, so it looks nothing up.
   */
  recordUrl?: RecordUrl;
  /** Which events of EventEmitter2 are captured. */
  emitter?: {
    /** Default true, where the host has imported EventEmitterModule. */
    enabled?: boolean;
    /** Further names: `{ 'crm.lead.new': { module: 'leads', event: 'created' } }`. */
    names?: Record<string, { module: string; event: string }>;
    /**
     * What a payload means, where our own rule does not understand it: an event in part (`{ recordId, workspaceId, … }`; what
     * it leaves out is taken from its `record`), null when it is none, undefined to leave it to the rule.
     */
    map?: EmitterMap;
    /** The workspace of records that belong to every workspace (`workspace: null`). A module with a tenant property never takes it. */
    defaultWorkspaceId?: string;
  };
  /**
   * Where the application is reached from outside, with its global prefix: `https://crm.acme.test/api`. Links are made from it,
   * never from what a request says. Without it `rotate-token` answers the path alone.
   */
  publicUrl?: string;
  /**
   * What the module derives its own keys from, 32 characters or more, drawn at random and the same for all processes:
   * `process.env.AUTOMATION_SECRET`. Secrets of workspaces are encrypted with a key of it unless there are
   * `encryptionKeys`; the one-time URLs of steps that wait for a call are made with another.
   */
  secret?: string;
  /**
   * Keys for the secrets of workspaces, the newest first: `[{ id: '2026', key: '…' }]`, each 32 bytes in base64 or hexadecimal.
   * The first one encrypts, all of them decrypt. To change keys, put the new one in front, deploy, run
   * `npx nestjs-crm-automation reencrypt`, and take the old one away.
   */
  encryptionKeys?: readonly EncryptionKey[];
  /** Deliveries to trigger URLs. The limits hold for all processes together. */
  hooks?: {
    /**
     * What unknown, replaced and paused URLs are answered: `accept` (default) like a delivery that was taken, so that nobody
     * learns which URLs there are; `not_found` 404.
     */
    unknown?: 'accept' | 'not_found';
    /** Deliveries to one URL; further ones are answered 429. Default 1,200. */
    perMinute?: number;
    /** Deliveries to all URLs of a workspace. Default 6,000. */
    workspacePerMinute?: number;
    /** Events of a workspace that may wait for routing; while there are more, deliveries are answered 429. Default 10,000. */
    queue?: number;
    /** How long a body may take to arrive, in milliseconds. Default 10,000. */
    bodyTimeoutMs?: number;
  };
  /** What people are asked. */
  tasks?: {
    /**
     * When nobody is told of tasks, neither by a notification nor by mail, by the clocks of the workspace:
     * `{ from: '20:00', to: '07:00' }`. They are told when these hours are over. Default: at any time.
     */
    quietHours?: QuietHours;
  };
  /** How long the log is kept, ISO 8601. */
  retention?: {
    /** Finished runs and their steps, and what conditions saw when a state machine moved. Default P180D. */
    runs?: string;
    /** Skipped runs. Default P30D. */
    skippedRuns?: string;
    /** Events; a key deduplicates for as long. Default P30D. */
    events?: string;
  };
  limits?: Partial<EngineSettings['limits']>;
  /** The admin's side: it has a quarter of the pool. */
  admin?: {
    /** A statement that takes longer, in milliseconds, is ended and answered by 503 `query_timed_out`. Default 5,000. */
    queryTimeoutMs?: number;
  };
  database?: {
    /** Connections of the module's own pool, 4 at least. Default 8. Half of them are for steps with the host's own code. */
    poolSize?: number;
    /** `auto` (default) brings the schema `automation` up to date at start; `check` refuses to start when it is behind. */
    migrate?: MigrationMode;
    /**
     * Called in each transaction that reads or writes the CRM's rows, before it does: for row-level security,
     * `(manager, workspaceId) => manager.query("SELECT set_config('app.tenant', $1, true)", [workspaceId])`. With it such a
     * transaction is of one workspace; without it many share one. It does nothing but statements on the manager.
     */
    onTransaction?: TransactionHook;
    /** Statements of the module's own pool go to the DataSource's logger too, as its `logging` says. Default false. */
    logging?: boolean;
  };
}

/** Injection token of the options. */
export const AUTOMATION_OPTIONS = Symbol('AUTOMATION_OPTIONS');

const UNKNOWN_URLS: readonly string[] = ['accept', 'not_found'];
const DOORS: readonly CaptureDoor[] = ['subscriber', 'database'];

const YEAR_MS = 365 * 24 * 60 * 60_000;

const DEFAULTS = {
  timezone: 'UTC',
  worker: { concurrency: 100, batchSize: 200, pollIntervalMs: 1_000, idlePollIntervalMs: 5_000, leaseMs: 30_000, shutdownGraceMs: 25_000 },
  limits: {
    chainDepth: 5,
    stepsPerRun: 500,
    loopItems: 1_000,
    loopSteps: 10_000,
    runMs: YEAR_MS,
    payloadBytes: 256 * 1024,
    recoveries: 10,
    crmCallMs: 15_000,
  },
  retention: { runs: 'P180D', skippedRuns: 'P30D', events: 'P30D' },
  admin: { queryTimeoutMs: 5_000, waiting: 50 },
  hooks: { perMinute: 1_200, workspacePerMinute: 6_000, queue: 10_000, bodyTimeoutMs: 10_000 },
  poolSize: 8,
};

/** Postgres ends a shared transaction in which it hears nothing of us for 30 s. */
const MOST_CRM_CALL_MS = 20_000;

/** Checks the options and fills in the defaults. Throws `options_invalid` with a problem for each. */
export function resolveSettings(options: AutomationOptions): EngineSettings {
  const problems: Problem[] = [];
  const whole = (path: string, value: number | undefined, byDefault: number, least: number, most: number): number => {
    const number = value ?? byDefault;
    if (!Number.isInteger(number) || number < least || number > most) {
      problems.push({ path, message: `must be a whole number from ${least} to ${most}` });
    }
    return number;
  };
  const age = (path: string, value: string | undefined, byDefault: string): number => {
    const duration = parseDuration(value ?? byDefault);
    const ms = duration ? durationToMs(duration) : 0;
    if (ms <= 0) problems.push({ path, message: 'must be a positive ISO 8601 duration, such as P30D' });
    return ms;
  };
  problems.push(...partProblems(options), ...keyProblems(options), ...unknownOptions(options));
  const timezone = options.timezone ?? DEFAULTS.timezone;
  if (!isTimezone(timezone)) problems.push({ path: 'timezone', message: 'must be an IANA time zone, such as Europe/Berlin' });
  if (typeof options.calendar !== 'function' && options.calendar !== undefined) {
    problems.push(...calendarProblems(options.calendar).map(({ path, message }) => ({ path: `calendar${path && `.${path}`}`, message })));
  }
  const { worker = {}, limits = {}, retention = {}, emitter = {}, hooks = {}, tasks = {} } = options;
  if (tasks.quietHours !== undefined) {
    problems.push(...quietHoursProblems(tasks.quietHours).map(({ path, message }) => ({ path: `tasks.quietHours.${path}`, message })));
  }
  if (!UNKNOWN_URLS.includes(hooks.unknown ?? 'accept')) {
    problems.push({ path: 'hooks.unknown', message: `must be one of ${UNKNOWN_URLS.join(', ')}` });
  }
  if (options.publicUrl !== undefined && !isOrigin(options.publicUrl)) {
    problems.push({ path: 'publicUrl', message: 'must be a URL with http or https and without query, such as https://crm.acme.test' });
  }
  for (const [module, door] of Object.entries(options.capture ?? {})) {
    if (!DOORS.includes(door)) problems.push({ path: `capture.${module}`, message: `must be one of ${DOORS.join(', ')}` });
  }
  if (options.entitlements !== undefined && typeof options.entitlements !== 'function') {
    problems.push({ path: 'entitlements', message: 'must be a function of the workspace' });
  }
  if (options.actor !== undefined && typeof options.actor !== 'function') problems.push({ path: 'actor', message: 'must be a function' });
  if (options.recordUrl !== undefined && typeof options.recordUrl !== 'function')
    problems.push({ path: 'recordUrl', message: 'must be a function of a record' });
  if (emitter.map !== undefined && typeof emitter.map !== 'function') problems.push({ path: 'emitter.map', message: 'must be a function' });
  const poolSize = whole('database.poolSize', options.database?.poolSize, DEFAULTS.poolSize, LEAST_POOL, 100);
  const settings: EngineSettings = {
    workerEnabled: worker.enabled ?? true,
    concurrency: whole('worker.concurrency', worker.concurrency, DEFAULTS.worker.concurrency, 1, 1_000),
    ownTransactions: ownTransactionsOf(poolSize),
    batchSize: whole('worker.batchSize', worker.batchSize, DEFAULTS.worker.batchSize, 1, 1_000),
    pollIntervalMs: whole('worker.pollIntervalMs', worker.pollIntervalMs, DEFAULTS.worker.pollIntervalMs, 10, 60_000),
    idlePollIntervalMs: whole('worker.idlePollIntervalMs', worker.idlePollIntervalMs, idlePollOf(options), 10, 600_000),
    leaseMs: whole('worker.leaseMs', worker.leaseMs, DEFAULTS.worker.leaseMs, 1_000, 600_000),
    shutdownGraceMs: whole('worker.shutdownGraceMs', worker.shutdownGraceMs, DEFAULTS.worker.shutdownGraceMs, 0, 300_000),
    timezone,
    calendar: options.calendar ?? null,
    entitlements: options.entitlements ?? null,
    limits: {
      chainDepth: whole('limits.chainDepth', limits.chainDepth, DEFAULTS.limits.chainDepth, 1, 100),
      stepsPerRun: whole('limits.stepsPerRun', limits.stepsPerRun, DEFAULTS.limits.stepsPerRun, 1, 10_000),
      loopItems: whole('limits.loopItems', limits.loopItems, DEFAULTS.limits.loopItems, 1, 10_000),
      loopSteps: whole('limits.loopSteps', limits.loopSteps, DEFAULTS.limits.loopSteps, 1, 100_000),
      runMs: whole('limits.runMs', limits.runMs, DEFAULTS.limits.runMs, 60_000, YEAR_MS),
      payloadBytes: whole('limits.payloadBytes', limits.payloadBytes, DEFAULTS.limits.payloadBytes, 1_024, 10 * 1024 * 1024),
      recoveries: whole('limits.recoveries', limits.recoveries, DEFAULTS.limits.recoveries, 1, 1_000),
      crmCallMs: whole('limits.crmCallMs', limits.crmCallMs, DEFAULTS.limits.crmCallMs, 10, MOST_CRM_CALL_MS),
    },
    retention: {
      runsMs: age('retention.runs', retention.runs, DEFAULTS.retention.runs),
      skippedRunsMs: age('retention.skippedRuns', retention.skippedRuns, DEFAULTS.retention.skippedRuns),
      eventsMs: age('retention.events', retention.events, DEFAULTS.retention.events),
      batchSize: 1_000,
      intervalMs: 10 * 60_000,
    },
    hooks: {
      unknown: hooks.unknown ?? 'accept',
      perMinute: whole('hooks.perMinute', hooks.perMinute, DEFAULTS.hooks.perMinute, 1, 100_000_000),
      workspacePerMinute: whole('hooks.workspacePerMinute', hooks.workspacePerMinute, DEFAULTS.hooks.workspacePerMinute, 1, 100_000_000),
      queue: whole('hooks.queue', hooks.queue, DEFAULTS.hooks.queue, 1, 1_000_000),
      bodyMs: whole('hooks.bodyTimeoutMs', hooks.bodyTimeoutMs, DEFAULTS.hooks.bodyTimeoutMs, 100, 300_000),
    },
    tasks: { quietHours: tasks.quietHours ?? null },
    capture: new Map(Object.entries(options.capture ?? {})),
    actor: options.actor ?? null,
    recordUrl: options.recordUrl ?? null,
    emitter: {
      enabled: emitter.enabled ?? true,
      names: emitter.names ?? {},
      map: emitter.map ?? null,
      defaultWorkspaceId: emitter.defaultWorkspaceId ?? null,
    },
  };
  const { onTransaction } = options.database ?? {};
  if (onTransaction !== undefined && typeof onTransaction !== 'function') {
    problems.push({ path: 'database.onTransaction', message: 'must be a function of the EntityManager and the workspace' });
  }
  whole('admin.queryTimeoutMs', options.admin?.queryTimeoutMs, DEFAULTS.admin.queryTimeoutMs, 100, 60_000);
  if (problems.length > 0) {
    const list = problems.map(({ path, message }) => `${path} ${message.replace(/\.$/, '')}`).join('; ');
    throw new AutomationError('options_invalid', `The options of AutomationModule are not valid: ${list}.`, { problems });
  }
  return settings;
}

/** The members of each option that has some; whoever adds one is told by the compiler. */
const MEMBERS: {
  [Name in 'worker' | 'hooks' | 'tasks' | 'emitter' | 'retention' | 'limits' | 'admin' | 'database']: Names<
    NonNullable<AutomationOptions[Name]>
  >;
} = {
  worker: { enabled: 1, concurrency: 1, batchSize: 1, pollIntervalMs: 1, idlePollIntervalMs: 1, leaseMs: 1, shutdownGraceMs: 1 },
  hooks: { unknown: 1, perMinute: 1, workspacePerMinute: 1, queue: 1, bodyTimeoutMs: 1 },
  tasks: { quietHours: 1 },
  emitter: { enabled: 1, names: 1, map: 1, defaultWorkspaceId: 1 },
  retention: { runs: 1, skippedRuns: 1, events: 1 },
  limits: { chainDepth: 1, stepsPerRun: 1, loopItems: 1, loopSteps: 1, runMs: 1, payloadBytes: 1, recoveries: 1, crmCallMs: 1 },
  admin: { queryTimeoutMs: 1 },
  database: { poolSize: 1, migrate: 1, onTransaction: 1, logging: 1 },
};
const NAMES: Names<AutomationOptions> = {
  dataSource: 1,
  crm: 1,
  access: 1,
  actions: 1,
  mail: 1,
  outbound: 1,
  timezone: 1,
  calendar: 1,
  entitlements: 1,
  capture: 1,
  actor: 1,
  recordUrl: 1,
  publicUrl: 1,
  secret: 1,
  encryptionKeys: 1,
  ...allOf(MEMBERS),
};

type Names<Options> = { [Name in keyof Required<Options>]: 1 };

function allOf<Name extends string>(members: Readonly<Record<Name, object>>): Record<Name, 1> {
  return Object.fromEntries(Object.keys(members).map((name) => [name, 1])) as Record<Name, 1>;
}

/** A problem for each option that nobody reads: most often one that is mistyped. */
function unknownOptions(options: AutomationOptions): Problem[] {
  const unknown = (given: object, known: object, parent: string): Problem[] =>
    Object.keys(given)
      .filter((name) => !Object.hasOwn(known, name))
      .map((name) => {
        const names = Object.keys(known);
        return { path: `${parent}${name}`, message: `is no option.${didYouMean(name, names)} Options are: ${names.join(', ')}` };
      });
  return [
    ...unknown(options, NAMES, ''),
    ...Object.entries(MEMBERS).flatMap(([name, known]) => unknown(options[name as keyof typeof MEMBERS] ?? {}, known, `${name}.`)),
  ];
}

/** Returns what links to steps that wait are made from; our routes are mounted at `path`. */
export function resolveLinks({ publicUrl, secret }: AutomationOptions, path: string): LinkSettings {
  const mount = path.replace(/^\/+|\/+$/g, '');
  const base = publicUrl === undefined ? null : `${publicUrl.replace(/\/+$/, '')}${mount === '' ? '' : `/${mount}`}`;
  return { secret: secret ?? null, base };
}

/** Returns what the admin's side may take of the pool: so little that hanging requests leave the engine enough. */
export function resolveAdminLimits(options: AutomationOptions): AdminLimits {
  return {
    ...DEFAULTS.admin,
    ...(options.admin?.queryTimeoutMs !== undefined && { queryTimeoutMs: options.admin.queryTimeoutMs }),
    connections: adminConnectionsOf(resolvePoolSize(options)),
  };
}

/** One for the host's code, one for people's requests, one that listens, one for routing, results and heartbeats. */
const LEAST_POOL = 4;

function adminConnectionsOf(poolSize: number): number {
  return Math.max(1, Math.floor(poolSize / 4));
}

/**
 * How many connections the host's code may hold: half of them, and so few that with people's requests and the one that
 * listens at least one is left, whatever hangs: routing, results and heartbeats must not wait for the host's code.
 */
function ownTransactionsOf(poolSize: number): number {
  return Math.max(1, Math.min(Math.floor(poolSize / 2), poolSize - adminConnectionsOf(poolSize) - 2));
}

/** Connections of the module's own pool. */
export function resolvePoolSize(options: AutomationOptions): number {
  return options.database?.poolSize ?? DEFAULTS.poolSize;
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function idlePollOf({ capture = {}, worker = {} }: AutomationOptions): number {
  if (!Object.values(capture).includes('database')) return DEFAULTS.worker.idlePollIntervalMs;
  return worker.pollIntervalMs ?? DEFAULTS.worker.pollIntervalMs;
}

function isOrigin(text: string): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search === '' && hash === '' && username === '' && password === '';
}
