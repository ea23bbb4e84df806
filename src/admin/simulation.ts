import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import type { DomainEvent } from '../core/event.js';
import { titleOf } from '../core/record-title.js';
import { knownEvent } from '../core/record-values.js';
import { matchStart } from '../core/start/start.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { CompiledVersion } from '../engine/workflows/compiled-version.js';
import type { Caller } from '../host/access.js';
import { type EventKind, loadPastEvents } from '../store/past-events.js';
import { type PreviewLook, PreviewSubjects } from './preview-subjects.js';
import { type PreviewedVersion, PreviewedVersions } from './previewed-version.js';
import type { Compared } from './workflow-versions.js';

/** What a simulation looks at. */
export interface SimulateCommand {
  /** Default: the draft. */
  version: Compared;
  days: number;
  /** The `nextCursor` of the part before. */
  cursor: string | null;
}

/** An event that a version would have started on. */
export interface SimulatedEvent {
  eventId: string;
  module: string;
  event: string;
  recordId: string | null;
  title: string | null;
  occurredAt: string;
  /** Whether the version that is tried matches, and the published one; null where there is none. */
  matches: boolean;
  publishedMatches: boolean | null;
}

/** What a version makes of a part of the past. The numbers of several parts are to be added up. */
export interface Simulation {
  /** Null: the draft. */
  version: number | null;
  /** The published version that it is compared with; null where there is none. */
  comparedWith: number | null;
  days: number;
  /** Events of the kinds that the two listen to. */
  events: number;
  /** Those that trigger and conditions match; what re-entry, loops and plans would keep out is among them. */
  matched: number;
  /** The same for the published version; null where there is none. */
  published: number | null;
  /** Events that only one of the two matches. */
  differing: number;
  /** The newest that match, and the newest on which the two differ. */
  samples: SimulatedEvent[];
  differences: SimulatedEvent[];
  /** Conditions read related records, computed fields or what an event lacks: these are as they are now. */
  isApproximate: boolean;
  /** There is more of the period. */
  partial: boolean;
  /** Where the next part begins; null at the end. */
  nextCursor: string | null;
  /** How far it has come, as the moment of the oldest event that was looked at. */
  lookedBackTo: string;
}

/** How many rows one statement looks at, how many of them it reads (an event may have 256 KB), how many events one part asks the conditions about, and how long it takes up to ask about another one. */
const WINDOW = 2_000;
const MOST_READ = 250;
const MOST_EVENTS = 5_000;
const BUDGET_MS = 1_500;
/** For how long conditions are asked before whatever else waits in this process has its turn. */
const TURN_MS = 20;
const MOST_SAMPLES = 10;
const DAY_MS = 86_400_000;

/** Says what a workflow would have made of the events of the last days, in parts that are small enough to starve nobody. */
@Injectable()
export class Simulations {
  constructor(
    private readonly subjects: PreviewSubjects,
    private readonly versions: PreviewedVersions,
    private readonly catalog: AutomationCatalog,
  ) {}

  /** Throws `workflow_not_found`, `version_not_found`, `workflow_not_published`, `definition_invalid`, and `not_simulated` where no event starts it. */
  async simulate(id: string, { version, days, cursor }: SimulateCommand, caller: Caller): Promise<Simulation> {
    const begun = performance.now();
    const sides = await this.subjects.look(caller, async ({ manager, now, calendar }) => ({
      now,
      // How long chains may be is asked of no single event.
      zone: { timezone: calendar.timezone, calendar, chainDepth: 0 },
      tried: await this.versions.load(manager, id, version, caller),
      published: await this.published(() => this.versions.load(manager, id, 'published', caller)),
    }));
    const { tried, published, now, zone } = sides;
    if (tried.compiled.trigger.key === null) {
      throw new AutomationError(
        'not_simulated',
        'Only workflows that events of the CRM start can be held against the events of the past.',
        {
          hint: 'Try this one on a sample: `POST workflows/{id}/test`.',
        },
      );
    }
    const from = new Date(now.getTime() - days * DAY_MS);
    const result = emptyResult(tried, published, days, now);
    let before = cursor;
    for (;;) {
      // A transaction of its own for each: between them others get the connection.
      const { events, end } = await this.subjects.look(caller, async (look) => {
        const past = await loadPastEvents(look.manager, caller.workspaceId, kindsOf(tried, published), {
          from,
          before,
          window: WINDOW,
          most: MOST_READ,
        });
        const known = past.events.map((event) => knownEvent(this.catalog, event));
        return { ...past, events: await this.completed(look, known, [tried, published]) };
      });
      // Relative dates count from the event, as they did then.
      let turn = performance.now();
      for (const event of events) {
        this.note(result, event, { tried, published }, { ...zone, now: new Date(event.occurredAt) });
        result.lookedBackTo = event.occurredAt;
        if (performance.now() - turn < TURN_MS) continue;
        await setImmediate();
        turn = performance.now();
        if (turn - begun >= BUDGET_MS && event !== events.at(-1)) return { ...result, partial: true, nextCursor: event.id };
      }
      before = end;
      if (end === null) return { ...result, lookedBackTo: from.toISOString() };
      if (performance.now() - begun >= BUDGET_MS || result.events >= MOST_EVENTS) return { ...result, partial: true, nextCursor: end };
      await setImmediate();
    }
  }

  /** Without a version that is published, or one that can be read, there is nothing to compare with. */
  private published(load: () => Promise<PreviewedVersion>): Promise<PreviewedVersion | null> {
    return load().catch((error: unknown) => {
      if (error instanceof AutomationError && (error.code === 'workflow_not_published' || error.code === 'definition_invalid')) return null;
      throw error;
    });
  }

  /** The events with what the conditions of both read beyond them, module by module. */
  private async completed(
    look: PreviewLook,
    events: readonly DomainEvent[],
    sides: readonly (PreviewedVersion | null)[],
  ): Promise<DomainEvent[]> {
    const paths = sides.flatMap((side) => side?.compiled.conditions?.paths ?? []);
    const completed: DomainEvent[] = [];
    for (const module of new Set(events.map((event) => event.module))) {
      completed.push(
        ...(await this.subjects.completedAll(
          look,
          events.filter((event) => event.module === module),
          paths,
        )),
      );
    }
    return completed.sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  private note(
    result: Simulation,
    event: DomainEvent,
    { tried, published }: { tried: PreviewedVersion; published: PreviewedVersion | null },
    times: Parameters<typeof matchStart>[3],
  ): void {
    const matches = isMatch(event, tried.compiled, times);
    const publishedMatches = published && isMatch(event, published.compiled, times);
    result.events += 1;
    if (matches) result.matched += 1;
    if (publishedMatches) result.published = (result.published ?? 0) + 1;
    const shown = { ...this.shown(event), matches, publishedMatches };
    if (matches && result.samples.length < MOST_SAMPLES) result.samples.push(shown);
    if (publishedMatches === null || publishedMatches === matches) return;
    result.differing += 1;
    if (result.differences.length < MOST_SAMPLES) result.differences.push(shown);
  }

  private shown({ id, module, event, recordId, record, occurredAt }: DomainEvent): Omit<SimulatedEvent, 'matches' | 'publishedMatches'> {
    const description = this.catalog.modules.get(module ?? '');
    const title = description && recordId !== null ? titleOf(description, { id: recordId, ...record }) : null;
    return { eventId: id, module: module ?? '', event, recordId, title, occurredAt };
  }
}

function isMatch(event: DomainEvent, version: CompiledVersion, times: Parameters<typeof matchStart>[3]): boolean {
  return matchStart(event, version, 'active', times).kind === 'start';
}

function kindsOf(...sides: (PreviewedVersion | null)[]): EventKind[] {
  const kinds = sides.flatMap((side) => {
    const trigger = side?.compiled.definition.trigger;
    return trigger?.type === 'event' ? [{ module: trigger.module, event: trigger.event }] : [];
  });
  return kinds.filter(({ module, event }, at) => kinds.findIndex((one) => one.module === module && one.event === event) === at);
}

function emptyResult(tried: PreviewedVersion, published: PreviewedVersion | null, days: number, now: Date): Simulation {
  const readsMore = ({ compiled }: PreviewedVersion): boolean =>
    compiled.conditionRelations.length > 0 || compiled.conditionComputed.length > 0;
  return {
    version: tried.number,
    comparedWith: published?.number ?? null,
    days,
    events: 0,
    matched: 0,
    published: published && 0,
    differing: 0,
    samples: [],
    differences: [],
    isApproximate: readsMore(tried) || (published !== null && readsMore(published)),
    partial: false,
    nextCursor: null,
    lookedBackTo: now.toISOString(),
  };
}
