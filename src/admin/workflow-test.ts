import { Inject, Injectable } from '@nestjs/common';
import type { Trigger } from '../core/definition/types.js';
import type { DomainEvent } from '../core/event.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { checkShape, invalidRequest, REQUEST_LIMITS } from '../core/json-shape.js';
import { type ExplainedStart, explainStart } from '../core/start/explain.js';
import { asksForEarlierRuns } from '../core/start/start.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { Rehearsal, type RehearsedEnd } from '../engine/previewing/rehearsal.js';
import type { CompiledVersion } from '../engine/workflows/compiled-version.js';
import type { Caller } from '../host/access.js';
import { keyOf, loadEarlierRuns } from '../store/runs/earlier-runs.js';
import type { Compared } from './definition-versions.js';
import { type PreviewKind, type PreviewLook, type PreviewSubject, PreviewSubjects } from './preview-subjects.js';
import { PreviewedVersions } from './previewed-version.js';

/** What a workflow is tried on. */
export interface TestCommand {
  /** Default: the draft. */
  version?: Compared;
  subject: PreviewSubject;
  /** By the id of a step: the output it leaves, or the answer to what it waits for, where nobody knows it before. */
  samples?: JsonObject;
}

/** What a workflow would do. */
export interface WorkflowTest extends RehearsedEnd {
  /** Null: the draft. */
  version: number | null;
  /** What it was tried on. */
  event: Pick<DomainEvent, 'module' | 'event' | 'recordId' | 'record' | 'changes' | 'trigger'>;
  /** Whether it would have started at all. The steps are shown in any case. */
  start: ExplainedStart;
  /** How many steps there were beyond those that are shown. */
  moreSteps: number;
}

/** The most steps that an answer shows: each may hold a whole mail. */
const MOST_SHOWN = 200;

/** Tries workflows without anything of it happening. */
@Injectable()
export class WorkflowTests {
  constructor(
    private readonly subjects: PreviewSubjects,
    private readonly versions: PreviewedVersions,
    private readonly rehearsal: Rehearsal,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /**
   * Tries a workflow on an event, a record or a sample: every step as it would be performed, in a transaction that only reads.
   * Throws `workflow_not_found`, `version_not_found`, `workflow_not_published`, `definition_invalid`, `event_not_found`,
   * `record_not_found`, `invalid_request`.
   */
  test(id: string, { version = 'draft', subject, samples = {} }: TestCommand, caller: Caller): Promise<WorkflowTest> {
    checkShape({ subject, samples }, 'command', REQUEST_LIMITS);
    const wrong = Object.keys(samples).filter((name) => !isJsonObject(samples[name]));
    if (wrong.length > 0) throw invalidRequest(wrong.map((name) => ({ path: `samples.${name}`, message: 'A sample must be an object.' })));
    return this.subjects.look(caller, async (look) => {
      const { number, compiled } = await this.versions.load(look.manager, id, version, caller);
      const found = await this.subjects.event(look, subject, kindOf(compiled.definition.trigger, look.now));
      const named = compiled.trigger.key === null ? { ...found.event, target: { workflowId: id } } : found.event;
      const event = await this.subjects.completed(look, { ...found, event: named }, compiled.conditions?.paths ?? []);
      const start = await this.explained(look, event, compiled);
      const shown = await this.rehearsal.show(look.manager, { version: compiled, event, assumed: found.assumed, samples, now: look.now });
      const { module, recordId, record, changes, trigger } = event;
      return {
        ...shown,
        version: number,
        event: { module, event: event.event, recordId, record, changes, trigger },
        start,
        steps: shown.steps.slice(0, MOST_SHOWN),
        moreSteps: Math.max(0, shown.steps.length - MOST_SHOWN),
      };
    });
  }

  private async explained({ manager, now, calendar }: PreviewLook, event: DomainEvent, version: CompiledVersion): Promise<ExplainedStart> {
    const { workspaceId, module, recordId } = event;
    const pair = { workspaceId, workflowId: version.workflow.id, module: module ?? '', recordId: recordId ?? '' };
    const earlier = asksForEarlierRuns(event, version) ? ((await loadEarlierRuns(manager, [pair])).get(keyOf(pair)) ?? null) : null;
    const { chainDepth } = this.settings.limits;
    return explainStart(event, version, 'active', earlier, { now, timezone: calendar.timezone, calendar, chainDepth });
  }
}

/** The event that a trigger waits for, as far as the trigger tells. */
function kindOf(trigger: Trigger, now: Date): PreviewKind {
  const module = ('module' in trigger ? trigger.module : undefined) ?? null;
  const at = now.toISOString();
  switch (trigger.type) {
    case 'event':
      return { module, event: trigger.event, trigger: null };
    case 'manual':
      return { module, event: 'manual', trigger: { type: 'manual', input: {} } };
    case 'webhook':
      return { module: trigger.record?.module ?? null, event: 'webhook', trigger: { type: 'webhook', body: {}, headers: {}, query: {} } };
    case 'machine_entered': {
      const { type, machine } = trigger;
      return { module, event: type, trigger: { type, machine, state: [trigger.state].flat()[0] ?? null, from: null, transition: null } };
    }
    default:
      return { module, event: trigger.type, trigger: { type: trigger.type, at } };
  }
}
