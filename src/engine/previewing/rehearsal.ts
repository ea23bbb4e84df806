import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ActionRegistry } from '../../actions/registry.js';
import type { LoggedError } from '../../core/errors.js';
import type { DomainEvent } from '../../core/event.js';
import { isJsonObject, type JsonObject } from '../../core/json.js';
import type { RunOutcome, Waiting } from '../../core/plan/plan.js';
import { sampleAnswer } from '../../core/steps/index.js';
import { findStep } from '../../core/steps/tree.js';
import { CRM_HOST, type CrmHost } from '../../host/crm-host.js';
import { type AssumedRecord, previewHost } from '../../host/preview-host.js';
import { PreviewUnitOfWork } from '../../host/preview-unit.js';
import type { LoggedExecution } from '../../store/step-store.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine-settings.js';
import { FlowSteps } from '../running/flow-steps.js';
import { HeldRun } from '../running/held-run.js';
import { LocalSteps } from '../running/local-steps.js';
import { RunAdvancer } from '../running/run-advancer.js';
import { StepScopes } from '../running/step-scopes.js';
import { noWrites, type StepTransaction } from '../running/step-transaction.js';
import { WorkflowContexts } from '../running/workflow-contexts.js';
import type { CompiledVersion } from '../workflows/compiled-version.js';
import { PreviewedSteps, type PreviewNotes, PreviewTooLarge } from './previewed-steps.js';

/** A run that is to be shown. */
export interface RehearsedRun {
  version: CompiledVersion;
  event: DomainEvent;
  /** Records that are taken to be there, whatever the CRM holds. */
  assumed: readonly AssumedRecord[];
  /** By the id of a step: the output it leaves, or the answer to what it waits for. */
  samples: JsonObject;
  now: Date;
}

/** A step as a run would perform it. */
export interface RehearsedStep extends Pick<LoggedExecution, 'path' | 'attempt' | 'type' | 'status' | 'input' | 'startedAt'> {
  output: JsonObject | null;
  error: LoggedError | null;
  name: string | null;
  /** Its output is a sample: nobody knows it before the step has run. */
  isSample: boolean;
  /** When its wait would be over; null unless it waits for a time. */
  until: string | null;
  /** What it would change, create, send or start. */
  would: JsonObject[];
}

/** How a run would go. */
export interface RehearsedEnd {
  steps: RehearsedStep[];
  /** How it would end. `open`: a step failed that would be tried again, what is waited for never comes, or there is too much to show. */
  outcome: RunOutcome | { status: 'open'; waiting: Waiting[] };
  /** When, by the times that it waits. */
  endsAt: string;
}

/** The most times that a preview lets pass: each is a wait of the run. */
const MOST_WAITS = 1_000;

/**
 * Shows how a run would go, without anything of it happening. It is advanced by the very class that advances runs, and so by
 * the planner: only what steps do to the world is replaced, see {@link PreviewedSteps} and `previewHost`. The transaction it is
 * given should be read-only: then the database itself refuses whatever would be written all the same.
 */
@Injectable()
export class Rehearsal {
  constructor(
    private readonly actions: ActionRegistry,
    private readonly scopes: StepScopes,
    private readonly flow: FlowSteps,
    private readonly local: LocalSteps,
    private readonly contexts: WorkflowContexts,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  async show(manager: EntityManager, rehearsed: RehearsedRun): Promise<RehearsedEnd> {
    const run = heldRunOf(rehearsed);
    await this.contexts.begin(manager, [run]);
    const notes: PreviewNotes = { sent: new Map(), sampled: new Set() };
    const steps = new PreviewedSteps(this.actions, this.scopes, this.local, notes, rehearsed.samples);
    const advancer = new RunAdvancer(this.actions, this.flow, steps.asLocal, steps.asExternal, this.settings);
    const host = previewHost(this.crm, rehearsed.assumed);
    const unit = new PreviewUnitOfWork(host, manager);
    const wouldDo = new Map<string, JsonObject[]>();
    const until = new Map<string, string>();
    const add = run.add.bind(run);
    // A step is noted when it is done, and what it would have written belongs to it.
    run.add = (execution) => {
      const writes = host.takeWrites();
      if (execution.status !== 'failed') wouldDo.set(execution.path, writes as unknown as JsonObject[]);
      if (execution.status === 'waiting' && execution.wakeAt) until.set(execution.path, execution.wakeAt);
      return add(execution);
    };
    let tx = transactionAt(rehearsed.now, manager, unit);
    const end = (outcome: RehearsedEnd['outcome']): RehearsedEnd => ({
      steps: run.executions.map((execution) =>
        shownStep(execution, rehearsed.version, { until, notes, wouldDo, starts: tx.writes.starts }),
      ),
      outcome,
      endsAt: tx.now.toISOString(),
    });
    for (let waits = 0; ; waits += 1) {
      const advance = await advancer.advance(run, tx).catch(tooLarge);
      if (advance === null) return end({ status: 'open', waiting: [] });
      if (advance.kind === 'finished') return end(advance.outcome);
      if (advance.kind === 'unfinished') continue;
      const waiting = advance.kind === 'parked' ? advance.waiting : [];
      if (advance.kind !== 'parked' || waits === MOST_WAITS || waiting.some(({ reason }) => reason === 'retry'))
        return end({ status: 'open', waiting });
      const answers = waiting.flatMap(({ path }) => answerTo(run, path, rehearsed.samples));
      if (answers.length > 0) {
        run.answers = { count: run.answers.count + answers.length, answers: [...run.answers.answers, ...answers] };
        for (const { path } of answers) notes.sampled.add(path);
      } else tx = { ...tx, ...clockAt(new Date(advance.until)) };
    }
  }
}

function tooLarge(error: unknown): null {
  if (error instanceof PreviewTooLarge) return null;
  throw error;
}

function heldRunOf({ version, event, now }: RehearsedRun): HeldRun {
  return new HeldRun({
    workspaceId: event.workspaceId,
    id: uuidv7(),
    version,
    event,
    record: event.module === null || event.recordId === null ? null : { module: event.module, id: event.recordId },
    actor: event.actor,
    parent: null,
    fence: 0,
    isNew: true,
    startedAt: now.toISOString(),
    firstStartedAt: now.toISOString(),
    executions: [],
    answers: { count: 0, answers: [] },
    leasedUntil: Number.POSITIVE_INFINITY,
    wasRecovered: false,
  });
}

function transactionAt(now: Date, manager: EntityManager, unit: PreviewUnitOfWork): StepTransaction {
  return { kind: 'shared', manager, ...clockAt(now), hostCodeUntil: Number.POSITIVE_INFINITY, unit, writes: noWrites() };
}

function clockAt(now: Date): Pick<StepTransaction, 'now' | 'clock'> {
  return { now, clock: () => now };
}

/** The answer that a step which waits is given: that of the caller, or a sample; none for what only time ends. */
function answerTo(run: HeldRun, path: string, samples: JsonObject) {
  const step = findStep(run.version.definition.steps, path);
  const sample = step && sampleAnswer(step);
  const attempt = run.executions.findLast((execution) => execution.path === path)?.attempt;
  if (!step || !sample || attempt === undefined) return [];
  const given = samples[step.id];
  return [{ path, attempt, answer: isJsonObject(given) ? given : sample }];
}

interface Shown {
  until: ReadonlyMap<string, string>;
  notes: PreviewNotes;
  wouldDo: ReadonlyMap<string, JsonObject[]>;
  starts: StepTransaction['writes']['starts'];
}

function shownStep(execution: LoggedExecution, { definition }: CompiledVersion, { until, notes, wouldDo, starts }: Shown): RehearsedStep {
  const { path, attempt, type, status, input, output, error, startedAt } = execution;
  const sent = notes.sent.get(path);
  const started = starts
    .filter(({ parent }) => parent?.path === path)
    .map(({ target, trigger }) => ({ kind: 'start', workflowId: target?.workflowId ?? null, input: trigger?.input ?? null }));
  return {
    path,
    attempt,
    name: findStep(definition.steps, path)?.name ?? null,
    type,
    status,
    input,
    output: output ?? null,
    error: error ?? null,
    startedAt,
    isSample: notes.sampled.has(path),
    until: until.get(path) ?? null,
    would: [...(wouldDo.get(path) ?? []), ...(sent === undefined ? [] : [sent]), ...started],
  };
}
