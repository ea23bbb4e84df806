import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AutomationError } from '../core/errors.js';
import type { DomainEvent } from '../core/event.js';
import { titleOf } from '../core/record-title.js';
import { knownEvent } from '../core/record-values.js';
import { asksForEarlierRuns, type DecisionContext, type EarlierRuns, matchStart } from '../core/start/start.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import type { Caller } from '../host/access.js';
import { type EventKind, loadPastEvents } from '../store/past-events.js';
import { loadRunsAtTheTime } from '../store/runs/runs-at-the-time.js';
import type { Compared } from './definition-versions.js';
import { type PreviewLook, PreviewSubjects } from './preview-subjects.js';
import { type PreviewedVersion, PreviewedVersions } from './previewed-version.js';
import {
  answersOf,
  isCertain,
  type PastMatch,
  refusalIn,
  type ShownEvent,
  type SimulatedTotals,
  TURN_MS,
  totals,
} from './simulated-starts.js';

/** What a simulation looks at. */
export interface SimulateCommand {
  /** Default: the draft. */
  version: Compared;
  days: number;
  /** The `nextCursor` of the part before. */
  cursor: string | null;
}

/** What a version makes of a part of the past. The numbers of several parts are to be added up. */
export interface Simulation extends SimulatedTotals {
  /** Null: the draft. */
  version: number | null;
  /** The published version that it is compared with; null where there is none. */
  comparedWith: number | null;
  days: number;
  /** Events of the kinds that the two listen to. */
  events: number;
  /**
   * Conditions read related records, computed fields or what an event lacks: these are as they are now. Or re-entry asks whether
   * a run is still active, which is told from the runs that there were; or for runs that another part of the period has.
   */
  isApproximate: boolean;
  /** There is more of the period. */
  partial: boolean;
  /** Where the next part begins; null at the end. */
  nextCursor: string | null;
  /** How far it has come, as the moment of the oldest event that was looked at. */
  lookedBackTo: string;
}

/** What is looked back upon, and by what. */
interface Period {
  tried: PreviewedVersion;
  published: PreviewedVersion | null;
  from: Date;
  cursor: string | null;
  zone: Omit<DecisionContext, 'now'>;
  caller: Caller;
}

interface Past {
  events: number;
  /** Newest first. */
  matches: PastMatch[];
  nextCursor: string | null;
  lookedBackTo: string;
}

/** How many rows one statement looks at, how many of them it reads (an event may have 256 KB), how many events one part asks the conditions about, and how long it takes up to ask about another one. */
const WINDOW = 2_000;
const MOST_READ = 250;
const MOST_EVENTS = 5_000;
const BUDGET_MS = 1_500;
const DAY_MS = 86_400_000;

/** Says what a workflow would have made of the events of the last days, in parts that are small enough to starve nobody. */
@Injectable()
export class Simulations {
  constructor(
    private readonly subjects: PreviewSubjects,
    private readonly versions: PreviewedVersions,
    private readonly catalog: AutomationCatalog,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  /** Throws `workflow_not_found`, `version_not_found`, `workflow_not_published`, `definition_invalid`, and `not_simulated` where no event starts it. */
  async simulate(id: string, { version, days, cursor }: SimulateCommand, caller: Caller): Promise<Simulation> {
    const sides = await this.subjects.look(caller, async ({ manager, now, calendar }) => ({
      now,
      zone: { timezone: calendar.timezone, calendar, chainDepth: this.settings.limits.chainDepth },
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
    const past = await this.lookBack({ tried, published, from, cursor, zone, caller });
    const answers = await answersOf(past.matches, tried.compiled, published?.compiled ?? null, zone);
    const isPart = cursor !== null || past.nextCursor !== null;
    return {
      version: tried.number,
      comparedWith: published?.number ?? null,
      days,
      events: past.events,
      ...totals(answers, published !== null),
      isApproximate: [tried, published].some((side) => side !== null && (readsMore(side) || !isCertain(side.compiled, isPart))),
      partial: past.nextCursor !== null,
      nextCursor: past.nextCursor,
      lookedBackTo: past.nextCursor === null ? from.toISOString() : past.lookedBackTo,
    };
  }

  /** Asks trigger and conditions of the events, newest first, until the period or the time is over. */
  private async lookBack({ tried, published, from, cursor, zone, caller }: Period): Promise<Past> {
    const begun = performance.now();
    const past: Past = { events: 0, matches: [], nextCursor: null, lookedBackTo: from.toISOString() };
    let before = cursor;
    for (;;) {
      // A transaction of its own for each: between them others get the connection.
      const { events, earlier, end } = await this.subjects.look(caller, async (look) => {
        const found = await loadPastEvents(look.manager, caller.workspaceId, kindsOf(tried, published), {
          from,
          before,
          window: WINDOW,
          most: MOST_READ,
        });
        const known = found.events.map((event) => knownEvent(this.catalog, event));
        const events = await this.completed(look, known, [tried, published]);
        return { ...found, events, earlier: await earlierRuns(look, events, [tried, published], from) };
      });
      // Relative dates count from the event, as they did then.
      let turn = performance.now();
      for (const event of events) {
        past.events += 1;
        past.lookedBackTo = event.occurredAt;
        const match = this.matchOf(event, { tried, published }, { ...zone, now: new Date(event.occurredAt) });
        if (match !== null) past.matches.push({ ...match, earlier: earlier.get(event.id) });
        if (performance.now() - turn < TURN_MS) continue;
        await setImmediate();
        turn = performance.now();
        if (turn - begun >= BUDGET_MS && event !== events.at(-1)) return { ...past, nextCursor: event.id };
      }
      before = end;
      if (end === null) return past;
      if (performance.now() - begun >= BUDGET_MS || past.events >= MOST_EVENTS) return { ...past, nextCursor: end };
      await setImmediate();
    }
  }

  /** Null: neither of the two matches. */
  private matchOf(
    event: DomainEvent,
    { tried, published }: { tried: PreviewedVersion; published: PreviewedVersion | null },
    times: DecisionContext,
  ): Omit<PastMatch, 'earlier'> | null {
    const refusal = refusalIn(matchStart(event, tried.compiled, 'active', times));
    const publishedRefusal = published && refusalIn(matchStart(event, published.compiled, 'active', times));
    if (refusal !== null && (published === null || publishedRefusal !== null)) return null;
    // Of the event that is all what is still asked: records may be large, and matches many.
    const light = { ...event, record: null, previous: null, changes: null };
    return { shown: this.shown(event), event: light, refusal, publishedRefusal };
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

  private shown({ id, module, event, recordId, record, occurredAt }: DomainEvent): ShownEvent {
    const description = this.catalog.modules.get(module ?? '');
    const title = description && recordId !== null ? titleOf(description, { id: recordId, ...record }) : null;
    return { eventId: id, module: module ?? '', event, recordId, title, occurredAt };
  }
}

/** The runs that may have stood in the way, where one of the two asks for them. */
function earlierRuns(
  { manager, caller }: PreviewLook,
  events: readonly DomainEvent[],
  [tried, published]: readonly [PreviewedVersion, PreviewedVersion | null],
  from: Date,
): Promise<Map<string, EarlierRuns>> {
  const asks = (event: DomainEvent, side: PreviewedVersion | null): boolean => side !== null && asksForEarlierRuns(event, side.compiled);
  const starts = events
    .filter((event) => asks(event, tried) || asks(event, published))
    .map(({ id, module, recordId, occurredAt }) => ({ eventId: id, module: module ?? '', recordId: recordId ?? '', occurredAt }));
  return loadRunsAtTheTime(manager, { workspaceId: caller.workspaceId, id: tried.compiled.workflow.id }, starts, from);
}

function kindsOf(...sides: (PreviewedVersion | null)[]): EventKind[] {
  const kinds = sides.flatMap((side) => {
    const trigger = side?.compiled.definition.trigger;
    return trigger?.type === 'event' ? [{ module: trigger.module, event: trigger.event }] : [];
  });
  return kinds.filter(({ module, event }, at) => kinds.findIndex((one) => one.module === module && one.event === event) === at);
}

function readsMore({ compiled }: PreviewedVersion): boolean {
  return compiled.conditionRelations.length > 0 || compiled.conditionComputed.length > 0;
}
