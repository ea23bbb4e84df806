import type { EntityManager } from 'typeorm';
import { OF_DEFINITIONS } from './of-definitions.js';
import { OF_MACHINES } from './of-machines.js';
import { OF_PEOPLE } from './of-people.js';
import { OF_EVENTS, OF_RUNS } from './of-runs.js';

/** A function of src/store, asked for one workspace with the ids of a furnished one. */
export type Statement = (manager: EntityManager, workspaceId: string) => Promise<unknown>;
/** By file and function. */
export type Statements = Readonly<Record<string, Readonly<Record<string, Statement>>>>;

export const STATEMENTS: Statements = { ...OF_DEFINITIONS, ...OF_EVENTS, ...OF_RUNS, ...OF_MACHINES, ...OF_PEOPLE };

/** What belongs to no workspace, or to all of them at once; each with the reason. */
export const OF_ALL_WORKSPACES: Readonly<Record<string, string>> = {
  'active-workflows.ts countActiveWorkflows': 'how large the caches of a process are to be',
  'active-workflows.ts changeActiveWorkflows': 'a lock by name',
  'backlog.ts oldestEventAge': 'health of the installation',
  'bounded-count.ts countUpTo': 'counts what its caller names',
  'capture-store.ts installedTriggers': 'triggers of the host’s tables',
  'capture-store.ts runTogether': 'statements that it is given',
  'clock.ts databaseNow': 'the time',
  'clock.ts noteTime': 'the time',
  'context-store.ts holdContexts': 'a lock by name',
  'date-builds.ts lockDateBuild': 'the next one, whoever’s it is',
  'date-builds.ts removeEndedDateBuilds': 'clears up everywhere',
  'date-triggers.ts lockDatedRecords': 'a lock by name',
  'deliveries.ts lockSubjects': 'a lock by name',
  'deliveries.ts removeOldCounts': 'clears up everywhere',
  'deliveries.ts takeDeliveries': 'a stranger’s, whose token names the workspace',
  'due-by-workspace.ts workspacesWithDue': 'where anything is due',
  'event-claims.ts claimUnroutedEvents': 'the next ones, whoever’s they are',
  'event-claims.ts findUnroutedEvents': 'the next ones, whoever’s they are',
  'machines/old-attempts.ts forgetOldValues': 'retention',
  'machines/old-attempts.ts removeOldAttempts': 'retention',
  'machines/polls.ts lockDuePoll': 'the next one, whoever’s it is',
  'machines/removal.ts removeLeftInstances': 'retention',
  'outlook.ts lookAround': 'is there anything to do?',
  'prepared-statements.ts prepared': 'a statement that it is given',
  'retention-store.ts beginRound': 'retention',
  'retention-store.ts holdRound': 'retention',
  'retention-store.ts removeOldEvents': 'retention',
  'retention-store.ts removeOldRuns': 'retention',
  'retention-store.ts removeOldSkippedRuns': 'retention',
  'runs/admission.ts findQueues': 'the next ones, whoever’s they are',
  'runs/admission.ts lockQueue': 'a lock by name',
  'runs/awaited-runs.ts findAwaitedRuns': 'the next ones, whoever’s they are',
  'runs/awaited-runs.ts takeDeadlockLook': 'a lock by name',
  'runs/callbacks.ts hasDueCallbacks': 'is there anything to do?',
  'runs/callbacks.ts takeCallbacks': 'the next ones, whoever’s they are',
  'runs/claim.ts claimRuns': 'the next ones, whoever’s they are',
  'runs/claim.ts queueDueRuns': 'the next ones, whoever’s they are',
  'runs/left-sub-runs.ts hasLeftSubRuns': 'is there anything to do?',
  'runs/left-sub-runs.ts takeLeftSubRuns': 'the next ones, whoever’s they are',
  'schedules.ts lockDueSchedules': 'the next ones, whoever’s they are',
  'secrets.ts countSealedOtherwise': 'a key that is rotated',
  'secrets.ts nextSealedOtherwise': 'a key that is rotated',
  'prepared-statements.ts keepsStatements': 'what a connection is like',
  'savepoint.ts inSavepoint': 'around statements that it is given',
  'sql.ts sql': 'a statement that it is given',
  'statement-order.ts inOneFlight': 'statements that it is given',
  'transaction-limits.ts limitTransaction': 'settings of a transaction',
  'wait-tokens.ts findLinkedTask': 'a stranger’s, whose token names the workspace',
  'wait-tokens.ts findWait': 'a stranger’s, whose token names the workspace',
  'workflow-days.ts removeOldDays': 'retention',
};
