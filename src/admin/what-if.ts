import { Inject, Injectable } from '@nestjs/common';
import { deriveEvents } from '../core/derive-events.js';
import type { DomainEvent, FieldChange, RecordData, RecordRef } from '../core/event.js';
import type { JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { titleOf } from '../core/record-title.js';
import { type ExplainedStart, explainStart } from '../core/start/explain.js';
import { asksForEarlierRuns } from '../core/start/start.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import type { CompiledVersion } from '../engine/workflows/compiled-version.js';
import type { Caller } from '../host/access.js';
import { keyOf, loadEarlierRuns } from '../store/runs/earlier-runs.js';
import { ActiveNeighbours } from './active-neighbours.js';
import { type PreviewLook, PreviewSubjects } from './preview-subjects.js';

/** What an active workflow would make of an event. */
export interface WouldStart extends ExplainedStart {
  workflow: { id: string; code: string; name: string };
  version: number;
}

/** What would follow from a change of a record. */
export interface WhatIf {
  record: RecordRef & { title: string };
  changes: Record<string, FieldChange>;
  /** The events that the change amounts to, each with every active workflow that listens to it. */
  events: { event: string; looks: WouldStart[] }[];
}

/** Says what workflows would make of a change that nobody has made. */
@Injectable()
export class WhatIfService {
  constructor(
    private readonly subjects: PreviewSubjects,
    private readonly neighbours: ActiveNeighbours,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Throws `module_not_found`, `record_not_found`, and for values that no record of the module can have what a step would throw. */
  ask(ref: RecordRef, changes: JsonObject, caller: Caller): Promise<WhatIf> {
    checkShape({ ref, changes }, 'command', REQUEST_LIMITS);
    const module = this.subjects.module(ref.module);
    return this.subjects.look(caller, async (look) => {
      const kind = { module: module.name, event: 'updated', trigger: null };
      const found = await this.subjects.event(look, { recordId: ref.id, changes }, kind);
      const { previous, record, changes: made } = found.event;
      const derived = deriveEvents(module, previous, record);
      const active = await this.neighbours.versions(look.manager, caller.workspaceId);
      const listening = derived.map(({ event }) => ({
        event,
        versions: active.filter(({ trigger }) => trigger.key === `${module.name}.${event}`),
      }));
      const paths = new Set(listening.flatMap(({ versions }) => versions.flatMap(({ conditions }) => conditions?.paths ?? [])));
      const completed = await this.subjects.completed(look, found, [...paths]);
      const events: WhatIf['events'] = [];
      for (const { event, versions } of listening) events.push({ event, looks: await this.looks(look, { ...completed, event }, versions) });
      return { record: { ...ref, title: titleOf(module, record as RecordData) }, changes: made ?? {}, events };
    });
  }

  private async looks(
    { manager, now, calendar }: PreviewLook,
    event: DomainEvent,
    versions: readonly CompiledVersion[],
  ): Promise<WouldStart[]> {
    const { workspaceId, module, recordId } = event;
    const pairOf = ({ workflow }: CompiledVersion) => ({
      workspaceId,
      workflowId: workflow.id,
      module: module ?? '',
      recordId: recordId ?? '',
    });
    const asking = versions.filter((version) => asksForEarlierRuns(event, version));
    const earlier = await loadEarlierRuns(manager, asking.map(pairOf));
    const { chainDepth } = this.settings.limits;
    const context = { now, timezone: calendar.timezone, calendar, chainDepth };
    return versions.map((version) => {
      const runs = asking.includes(version) ? (earlier.get(keyOf(pairOf(version))) ?? null) : null;
      return { workflow: version.workflow, version: version.version, ...explainStart(event, version, 'active', runs, context) };
    });
  }
}
