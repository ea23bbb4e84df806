import type { Actor } from '../core/event.js';
import type { QuietHours } from '../core/people/quiet-hours.js';
import type { CalendarSource } from '../host/calendar-source.js';
import type { EntitlementSource } from '../host/entitlement-source.js';
import type { EmitterMap } from './capture/automation-event.js';

/** Everything the engine can be told, resolved: no member is optional. Times in milliseconds. */
export interface EngineSettings {
  /** Does this process route and run, or only capture and serve the admin API? */
  workerEnabled: boolean;
  /** How many external steps this process performs at the same time. */
  concurrency: number;
  /** How many runs this process advances at the same time in transactions of their own, where the host's code may take long. */
  ownTransactions: number;
  /** How many events or runs share one transaction. */
  batchSize: number;
  /** How long a run belongs to its worker without a heartbeat; a dead worker's runs go on after it. */
  leaseMs: number;
  /** How often to look for work that nobody announced, while something is going on. */
  pollIntervalMs: number;
  /** How often, while all is quiet and other processes announce theirs. */
  idlePollIntervalMs: number;
  /** How long a stop waits for what is under way before it gives the leases back. */
  shutdownGraceMs: number;
  /** The zone of "today" in conditions and of dates in templates, where nothing else says. */
  timezone: string;
  /** When people work; null: Monday to Friday in `timezone`. */
  calendar: CalendarSource | null;
  /** What workspaces may use; null: nothing is limited, and nobody counts. */
  entitlements: EntitlementSource | null;
  limits: {
    /** How many runs may follow from one another. */
    chainDepth: number;
    /** Steps that one run executes outside of loops. */
    stepsPerRun: number;
    /** Items of one loop, whatever `maxItems` of its step says. */
    loopItems: number;
    /** Steps that one run executes for the items of its loops. */
    loopSteps: number;
    /** How long a run may take, in milliseconds, whatever `maxDuration` of its workflow says. */
    runMs: number;
    /** One event as JSON, in bytes. */
    payloadBytes: number;
    /** Recoveries in a row without progress before a run is given up. */
    recoveries: number;
    /** One call of the CRM's own code, in milliseconds, from 10 to 20,000: `findRecords`, `validate` and the like. */
    crmCallMs: number;
  };
  retention: {
    /** Finished runs and their steps, and what conditions saw when a state machine moved. */
    runsMs: number;
    /** Runs that were skipped. */
    skippedRunsMs: number;
    /** Routed events; the deduplication of their keys ends with them. */
    eventsMs: number;
    /** Rows removed by one statement. */
    batchSize: number;
    /** How often to look. */
    intervalMs: number;
  };
  /** Deliveries to trigger URLs. */
  hooks: HookSettings;
  /** Human tasks. */
  tasks: { quietHours: QuietHours | null };
  /** How changes of a module are captured without a line in the host's services. */
  capture: ReadonlyMap<string, CaptureDoor>;
  /** Who acts in the host's code at this moment. */
  actor: (() => Actor | null | undefined) | null;
  /** Where people see a record in the CRM. */
  recordUrl: RecordUrl | null;
  /** Names that the module listens to on EventEmitter2. */
  emitter: EmitterSettings;
}

/** What trigger URLs take, across all nodes. */
export interface HookSettings {
  /** What tokens are answered that start nothing: like a delivery that was taken, or 404. */
  unknown: 'accept' | 'not_found';
  /** Deliveries to one URL. */
  perMinute: number;
  /** Deliveries to all URLs of a workspace. */
  workspacePerMinute: number;
  /** Events of a workspace that may wait for routing. */
  queue: number;
  /** How long the body of one may take to arrive. */
  bodyMs: number;
}

/** Says where a record is seen; null where it is nowhere. */
export type RecordUrl = (record: { workspaceId: string; module: string; id: string }) => string | null;

/** A door that captures changes where they are written: see `capture` in the options. */
export type CaptureDoor = 'subscriber' | 'database';

/** How domain events of EventEmitter2 become automation's. */
export interface EmitterSettings {
  enabled: boolean;
  /** Further names, or other names: the emitter's event name -> module and event. */
  names: Readonly<Record<string, { module: string; event: string }>>;
  /** What the host says of a payload, before our own rule does. */
  map: EmitterMap | null;
  /** The workspace of records that belong to every workspace, where the payload names none. */
  defaultWorkspaceId: string | null;
}

/** Injection token of {@link EngineSettings}. */
export const ENGINE_SETTINGS = Symbol('ENGINE_SETTINGS');
