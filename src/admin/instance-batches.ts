import { Injectable } from '@nestjs/common';
import type { Json } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { countInstances, type InstanceItem, listInstances } from '../store/machines/instance-list.js';
import type { InstanceFilter } from '../store/machines/instance-ways.js';
import { type AdvanceCommand, type AdvanceRefusal, InstanceAdvance, refusalIn } from './instance-advance.js';
import { asSeen, type InstanceLook, InstanceLooks } from './instance-looks.js';
import { instanceCursor, instancePlaceOf } from './instance-service.js';

/** The most instances that one call takes up: each may be locked for as long as the call lasts. */
export const MOST_ADVANCED = 200;
const SAMPLE = 10;

/** A transition for many instances. */
export interface BulkAdvanceCommand extends Omit<AdvanceCommand, 'entry'> {
  /** Those of one machine. */
  filter: InstanceFilter & { machineId: string };
  /** Only say what would be done. */
  dryRun?: boolean;
  limit?: number;
  /** Of an earlier call, to go on behind it. */
  cursor?: string;
}

/** Instances that cannot be advanced, for one reason. */
export interface RefusedInstances {
  reason: string;
  count: number;
  sample: { instanceId: string; explanation: Json }[];
}

/** What a call did, or would do. */
export interface BulkAdvanceResult {
  dryRun: boolean;
  /** How many instances the filter finds, in all calls together; at least so many, where that is not exact. Counted by the first preview alone. */
  matched: number | null;
  matchedIsExact: boolean;
  /** How many instances of the filter this call has looked at. */
  seen: number;
  /** How many of them were advanced; of a preview: would be. */
  advanced: number;
  refused: RefusedInstances[];
  /** Some of those that would be advanced. */
  sample: InstanceItem[];
  /** For the next call; null: there are no more. */
  nextCursor: string | null;
}

/** Advances many instances, {@link MOST_ADVANCED} a call, each call in one transaction; a call begins where the one before has ended. */
@Injectable()
export class InstanceBatches {
  constructor(
    private readonly database: AdminDatabase,
    private readonly advances: InstanceAdvance,
    private readonly looks: InstanceLooks,
    private readonly catalog: AutomationCatalog,
  ) {}

  /**
   * Fires a transition of each instance of a filter that offers it, in the order of the list; or only says what would become of
   * them. Throws `start_invalid`, `payload_too_large`, `version_unreadable`, `crm_timed_out`.
   */
  async advance(command: BulkAdvanceCommand, caller: Caller): Promise<BulkAdvanceResult> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const { filter, dryRun = false, limit = MOST_ADVANCED, cursor, ...advance } = command;
    const after = cursor === undefined ? undefined : instancePlaceOf(cursor, filter);
    const question = { workspaceId: caller.workspaceId, filter, modules: [...this.catalog.modules.keys()] };
    const most = Math.min(limit, MOST_ADVANCED);
    const { page, matched } = await this.database.read(async (manager) => ({
      page: await listInstances(manager, question, { after, limit: most + 1 }),
      matched: dryRun && after === undefined ? await countInstances(manager, question) : null,
    }));
    const seen = page.slice(0, most);
    const last = page.length > most ? seen.at(-1) : undefined;
    const items = seen.map(({ place: _, ...item }) => item);
    const told = {
      ...{ dryRun, matched: matched?.count ?? null, matchedIsExact: matched?.isExact ?? false },
      ...{ seen: seen.length, nextCursor: last ? instanceCursor(last.place) : null },
    };
    if (dryRun) return { ...told, ...(await this.preview(items, advance, caller)) };
    if (items.length === 0) return { ...told, advanced: 0, refused: [], sample: [] };
    const { done, tell } = await this.database.transaction(async (manager) => {
      const ids = items.map(({ id }) => id).sort();
      return this.advances.advanceLocked(manager, await this.advances.lock(manager, ids, caller), advance, caller);
    });
    tell();
    const refused = done.flatMap((one) => ('refusal' in one ? [{ instanceId: one.instance.id, refusal: one.refusal }] : []));
    const gone = items.length - done.length;
    return { ...told, advanced: done.length - refused.length, refused: grouped(refused, gone), sample: [] };
  }

  private preview(
    items: readonly InstanceItem[],
    { transition }: AdvanceCommand,
    caller: Caller,
  ): Promise<Pick<BulkAdvanceResult, 'advanced' | 'refused' | 'sample'>> {
    return this.database.read(async (manager) => {
      await this.database.enter(manager, caller.workspaceId);
      const looks = await this.looks.look(manager, items.map(asSeen), caller);
      const refused: { instanceId: string; refusal: AdvanceRefusal }[] = [];
      const possible: InstanceItem[] = [];
      for (const [index, item] of items.entries()) {
        const { offered, machine } = looks[index] as InstanceLook;
        const refusal = refusalIn(offered, transition, machine);
        if (refusal === null) possible.push(item);
        else refused.push({ instanceId: item.id, refusal });
      }
      return { advanced: possible.length, refused: grouped(refused, 0), sample: possible.slice(0, SAMPLE) };
    });
  }
}

function grouped(refused: readonly { instanceId: string; refusal: AdvanceRefusal }[], gone: number): RefusedInstances[] {
  const groups = new Map<string, RefusedInstances>();
  for (const { instanceId, refusal } of refused) {
    const { reason, explanation } = refusal;
    const group = groups.get(reason) ?? { reason, count: 0, sample: [] };
    groups.set(reason, group);
    group.count += 1;
    if (group.sample.length < SAMPLE) group.sample.push({ instanceId, explanation });
  }
  // Somebody has deleted them since they were listed.
  if (gone > 0) groups.set('gone', { reason: 'gone', count: gone, sample: [] });
  return [...groups.values()].sort((one, other) => other.count - one.count);
}
