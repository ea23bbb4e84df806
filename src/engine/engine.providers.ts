import type { Provider } from '@nestjs/common';
import { Automation } from './automation.js';
import { AutomationEngine } from './automation-engine.js';
import { AutomationHealth } from './automation-health.js';
import { Calendars } from './calendars.js';
import { AfterCommit } from './capture/after-commit.js';
import { CaptureDoors } from './capture/capture-doors.js';
import { EmitterBridge } from './capture/emitter-bridge.js';
import { EventIntake } from './capture/event-intake.js';
import { Integrations } from './capture/integrations.js';
import { Starts } from './capture/starts.js';
import { ENGINE_SIGNAL, type EngineSignal } from './engine-signal.js';
import { Deliveries } from './hooks/deliveries.js';
import { HookGate } from './hooks/hook-gate.js';
import { HostInjector } from './host-injector.js';
import { MachineDecider } from './machines/machine-decider.js';
import { MachinePolls } from './machines/machine-polls.js';
import { MachineSettling } from './machines/machine-settling.js';
import { MachineVersions } from './machines/machine-versions.js';
import { StateTimeouts } from './machines/state-timeouts.js';
import { ApprovalLinks } from './people/approval-links.js';
import { ApprovalVisits } from './people/approval-visits.js';
import { HumanTasks } from './people/human-tasks.js';
import { TaskMails } from './people/task-mails.js';
import { TaskTimesWork } from './people/task-times.js';
import { Rehearsal } from './previewing/rehearsal.js';
import { EntitledStarts } from './routing/entitled-starts.js';
import { FloodWatch } from './routing/flood-watch.js';
import { Router } from './routing/router.js';
import { RoutingPace } from './routing/routing-pace.js';
import { StartDecider } from './routing/start-decider.js';
import { Admissions } from './running/admissions.js';
import { AdvanceCycle } from './running/advance-cycle.js';
import { Callbacks } from './running/callbacks.js';
import { CrmReader } from './running/crm-reader.js';
import { Deadlocks } from './running/deadlocks.js';
import { WAIT_CLOSERS, type WaitCloser } from './running/ended-waits.js';
import { ExternalCalls } from './running/external-calls.js';
import { ExternalSlots } from './running/external-slots.js';
import { ExternalSteps } from './running/external-steps.js';
import { EFFECT_PERFORMERS, type EffectPerformers, FlowSteps } from './running/flow-steps.js';
import { HeldRuns } from './running/held-runs.js';
import { LeftSubRuns, SubRunWaits } from './running/left-sub-runs.js';
import { LocalSteps } from './running/local-steps.js';
import { ProgressWriter } from './running/progress-writer.js';
import { RunAdvancer } from './running/run-advancer.js';
import { RunDriver } from './running/run-driver.js';
import { RunEndings } from './running/run-endings.js';
import { RunLoader } from './running/run-loader.js';
import { RunReturns } from './running/run-returns.js';
import { RunTasks } from './running/run-tasks.js';
import { RunTransactions } from './running/run-transactions.js';
import { StepScopes } from './running/step-scopes.js';
import { SubRuns } from './running/sub-runs.js';
import { WorkflowContexts } from './running/workflow-contexts.js';
import { SecretVault } from './secrets/secret-vault.js';
import { StalledWorkspaces } from './stalled-workspaces.js';
import { DateBuilds } from './timing/date-builds.js';
import { DateTriggers } from './timing/date-triggers.js';
import { DatedRecords } from './timing/dated-records.js';
import { DueRunsQueue } from './timing/due-runs.js';
import { RetentionRounds } from './timing/retention-rounds.js';
import { Schedules } from './timing/schedules.js';
import { Timing } from './timing/timing.js';
import { Watch } from './timing/watch.js';
import { Inbox } from './waits/inbox.js';
import { OpenCallbacks } from './waits/open-callbacks.js';
import { ResumeLinks } from './waits/resume-links.js';
import { Resumptions } from './waits/resumptions.js';
import { WaitTokens } from './waits/wait-tokens.js';
import { WakeUp } from './wake-up.js';
import { ActiveWorkflows } from './workflows/active-workflows.js';
import { WorkspaceEntitlements } from './workspace-entitlements.js';

const capture: Provider[] = [EventIntake, Starts, Integrations, AfterCommit, EmitterBridge, CaptureDoors];
const hooks: Provider[] = [HookGate, Deliveries];
const workflows: Provider[] = [MachineVersions, ActiveWorkflows];
const machines: Provider[] = [MachineSettling, MachineDecider, StateTimeouts, MachinePolls];
/** What decisions of steps ask for, and who does it: a new effect is a line here. */
const effects: Provider = {
  provide: EFFECT_PERFORMERS,
  inject: [SubRuns, HumanTasks, OpenCallbacks],
  useFactory: (subRuns: SubRuns, tasks: HumanTasks, callbacks: OpenCallbacks): EffectPerformers => ({
    start_run: subRuns,
    ask_people: tasks,
    open_callback: callbacks,
  }),
};
/** Who closes what waits have opened. */
const closers: Provider = {
  provide: WAIT_CLOSERS,
  inject: [HumanTasks, SubRunWaits],
  useFactory: (...all: WaitCloser[]): WaitCloser[] => all,
};
const steps: Provider[] = [
  HostInjector,
  CrmReader,
  ExternalSlots,
  StepScopes,
  LocalSteps,
  ExternalSteps,
  SecretVault,
  SubRuns,
  ApprovalLinks,
  ApprovalVisits,
  HumanTasks,
  effects,
  FlowSteps,
  SubRunWaits,
  closers,
];
const running: Provider[] = [
  Admissions,
  RunEndings,
  Deadlocks,
  WorkflowContexts,
  ProgressWriter,
  RunAdvancer,
  RunLoader,
  RunTransactions,
  RunReturns,
  RunTasks,
  HeldRuns,
  ExternalCalls,
  AdvanceCycle,
  RunDriver,
  LeftSubRuns,
  Callbacks,
];
const waits: Provider[] = [WaitTokens, ResumeLinks, OpenCallbacks, Inbox, Resumptions];
const timing: Provider[] = [
  DueRunsQueue,
  Watch,
  RetentionRounds,
  Schedules,
  DatedRecords,
  DateTriggers,
  DateBuilds,
  TaskTimesWork,
  TaskMails,
  Timing,
];

const signal: Provider = {
  provide: ENGINE_SIGNAL,
  inject: [WakeUp, RunDriver],
  useFactory: (wakeUp: WakeUp, driver: RunDriver): EngineSignal => ({
    workAvailable: () => {
      wakeUp.announce('runs');
      wakeUp.announce('queues');
    },
    runEnded: (runId) => {
      driver.ended(runId);
      // Perhaps no queue moves on in this process.
      wakeUp.announce('queues');
    },
  }),
};

/** The engine. Needs the database, the settings, the host's parts, the catalog and the actions. */
export const engineProviders: Provider[] = [
  WakeUp,
  StalledWorkspaces,
  Calendars,
  WorkspaceEntitlements,
  ...capture,
  ...hooks,
  ...workflows,
  ...machines,
  ...steps,
  ...running,
  ...waits,
  ...timing,
  EntitledStarts,
  StartDecider,
  FloodWatch,
  RoutingPace,
  Router,
  Rehearsal,
  AutomationEngine,
  AutomationHealth,
  Automation,
  signal,
];
