import { CreateAutomation1763600000000 } from '../../migrations/1763600000000-create-automation.js';
import { Retention1763700000000 } from '../../migrations/1763700000000-retention.js';
import { OneWayToStart1763710000000 } from '../../migrations/1763710000000-one-way-to-start.js';
import { CutEvents1763715000000 } from '../../migrations/1763715000000-cut-events.js';
import { Lifecycle1763725000000 } from '../../migrations/1763725000000-lifecycle.js';
import { CaptureDoors1763735000000 } from '../../migrations/1763735000000-capture-doors.js';
import { Schedules1763750000000 } from '../../migrations/1763750000000-schedules.js';
import { DateTriggers1763760000000 } from '../../migrations/1763760000000-date-triggers.js';
import { ShareInClaims1763766000000 } from '../../migrations/1763766000000-share-in-claims.js';
import { TriggerUrls1763770000000 } from '../../migrations/1763770000000-trigger-urls.js';
import { Admission1763775000000 } from '../../migrations/1763775000000-admission.js';
import { MonthlyRuns1763780000000 } from '../../migrations/1763780000000-monthly-runs.js';
import { Why1763785000000 } from '../../migrations/1763785000000-why.js';
import { RunBatchesAndStatistics1763790000000 } from '../../migrations/1763790000000-run-batches-and-statistics.js';
import { AwaitedRuns1763795000000 } from '../../migrations/1763795000000-awaited-runs.js';
import { TakeDeliveries1763795000001 } from '../../migrations/1763795000001-take-deliveries.js';
import { WaitTokens1763800000000 } from '../../migrations/1763800000000-wait-tokens.js';
import { HumanTasks1763805000000 } from '../../migrations/1763805000000-human-tasks.js';
import { Secrets1763810000000 } from '../../migrations/1763810000000-secrets.js';
import { Contexts1763815000000 } from '../../migrations/1763815000000-contexts.js';
import { Jobs1763820000000 } from '../../migrations/1763820000000-jobs.js';
import { Machines1763825000000 } from '../../migrations/1763825000000-machines.js';
import { MachineTiming1763826000000 } from '../../migrations/1763826000000-machine-timing.js';
import { InstancesUnderWay1763827000000 } from '../../migrations/1763827000000-instances-under-way.js';
import { Integrations1763828000000 } from '../../migrations/1763828000000-integrations.js';
import { MailTimes1763832000000 } from '../../migrations/1763832000000-mail-times.js';
import { TransitionEnds1763839000000 } from '../../migrations/1763839000000-transition-ends.js';
import type { MigrationClasses } from './schema.js';

/** Every migration of the schema `automation`, oldest first. */
export const MIGRATIONS: MigrationClasses = [
  CreateAutomation1763600000000,
  Retention1763700000000,
  OneWayToStart1763710000000,
  CutEvents1763715000000,
  Lifecycle1763725000000,
  CaptureDoors1763735000000,
  Schedules1763750000000,
  DateTriggers1763760000000,
  ShareInClaims1763766000000,
  TriggerUrls1763770000000,
  Admission1763775000000,
  MonthlyRuns1763780000000,
  Why1763785000000,
  RunBatchesAndStatistics1763790000000,
  AwaitedRuns1763795000000,
  TakeDeliveries1763795000001,
  WaitTokens1763800000000,
  HumanTasks1763805000000,
  Secrets1763810000000,
  Contexts1763815000000,
  Jobs1763820000000,
  Machines1763825000000,
  MachineTiming1763826000000,
  InstancesUnderWay1763827000000,
  Integrations1763828000000,
  MailTimes1763832000000,
  TransitionEnds1763839000000,
];
