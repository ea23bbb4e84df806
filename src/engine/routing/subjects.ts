import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import { isJsonObject, type JsonObject } from '../../core/json.js';
import { type DeliveryRefusal, refusalOf, type WantedRecord, wantedRecord } from '../../core/trigger/delivery.js';
import type { CrmHost } from '../../host/crm-host.js';
import { lockSubjects, noteSubjects } from '../../store/deliveries.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import { isConnectionLoss, sqlState } from '../failures.js';
import type { StepTransaction } from '../running/step-transaction.js';
import type { Candidate } from './new-runs.js';

/** A delivery, and whose trigger it came to. */
export type Seeker = Pick<Candidate, 'event' | 'status'> & { version: { workflow: Sought['workflow'] } };

/** Deliveries that are about one record, which one of them may create. */
interface Group extends Sought {
  events: ClaimedEvent[];
  /** What each of them wants, in their order. */
  sought: Sought[];
}

interface Sought {
  workspaceId: string;
  wanted: WantedRecord;
  /** Whose trigger it is: the origin of the record's own events. */
  workflow: { id: string; name: string };
  timezone: string;
}

type Subject = { kind: 'found'; id: string } | { kind: 'refused'; refusal: DeliveryRefusal };

/**
 * Finds the records that deliveries are about, or creates them, in the transaction that routes the deliveries: there is a
 * record exactly if there is the run. Of several routers one looks at a time, so that two deliveries about one person make
 * one record. Returns the events about which the CRM did not answer.
 */
export async function findSubjects(
  tx: StepTransaction,
  crm: CrmHost,
  candidates: readonly Seeker[],
  timezoneOf: (workspaceId: string) => string,
): Promise<Set<ClaimedEvent>> {
  const groups = groupsOf(candidates, timezoneOf);
  const unanswered = new Set<ClaimedEvent>();
  if (groups.size === 0) return unanswered;
  const names = [...groups].flatMap(([name, { wanted }]) => (wanted.create === null ? [] : [name]));
  await lockSubjects(tx.manager, names);
  // Those that create come first: who only looks finds what a neighbour's delivery has created.
  const inTurn = [...groups.values()].sort((one, other) => Number(one.wanted.create === null) - Number(other.wanted.create === null));
  for (const [turn, group] of inTurn.entries()) {
    // What the database refuses is this delivery's matter, and the others' is not lost with it.
    await tx.manager.query(turn === 0 ? 'SAVEPOINT subject' : 'RELEASE SAVEPOINT subject; SAVEPOINT subject');
    try {
      await decide(tx, crm, group);
    } catch (error) {
      if (!(error instanceof AutomationError && error.code === 'crm_timed_out')) throw error;
      for (const event of group.events) unanswered.add(event);
    }
  }
  const told = [...groups.values()].flatMap(({ events }) => events.filter((event) => !unanswered.has(event)));
  await noteSubjects(
    tx.manager,
    told.map(({ workspaceId, id, recordId, trigger }) => ({ workspaceId, id, recordId, trigger: trigger as JsonObject })),
  );
  // Kept, whatever becomes of the runs that are advanced next.
  tx.writes.events.push(...tx.unit.takeEvents());
  return unanswered;
}

/** Only of starts that nothing keeps from starting yet: what is paused creates nothing. */
function groupsOf(candidates: readonly Seeker[], timezoneOf: (workspaceId: string) => string): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { event, version, status } of candidates) {
    const wanted = event.recordId === null ? wantedRecord(event.trigger) : null;
    if (wanted === null || status !== 'active' || refusalOf(event.trigger) !== null) continue;
    const { workspaceId } = event;
    const sameRecord = JSON.stringify([workspaceId, wanted.module, Object.entries(wanted.match).sort(), wanted.create !== null]);
    // What was sent to a URL may be long, and is nobody's business in a lock's name.
    const name = createHash('sha256').update(sameRecord).digest('hex');
    const sought: Sought = { workspaceId, wanted, workflow: version.workflow, timezone: timezoneOf(workspaceId) };
    const group: Group = groups.get(name) ?? { ...sought, events: [], sought: [] };
    group.events.push(event);
    group.sought.push(sought);
    groups.set(name, group);
  }
  return groups;
}

/** One answer for all; but what is refused to one that would create is not yet refused to the next, which may bring other values. */
async function decide(tx: StepTransaction, crm: CrmHost, { events, sought }: Group): Promise<void> {
  let subject: Subject | null = null;
  for (const [at, one] of sought.entries()) {
    if (subject === null || (subject.kind === 'refused' && one.wanted.create !== null)) subject = await subjectOf(tx, crm, one);
    take(events[at] as ClaimedEvent, subject);
  }
}

function take(event: ClaimedEvent, subject: Subject): void {
  if (subject.kind === 'found') event.recordId = subject.id;
  else event.trigger = { ...event.trigger, refused: { ...subject.refusal } };
}

async function subjectOf(tx: StepTransaction, crm: CrmHost, group: Sought): Promise<Subject> {
  const { wanted } = group;
  try {
    const found = await find(tx.manager, crm, group);
    if (found) return found;
    if (wanted.create === null) return refused(`There is no record in ${wanted.module} with ${shown(wanted.match)}.`);
    return await create(tx, group, wanted.create);
  } catch (error) {
    const state = sqlState(error);
    const isTheirs = error instanceof AutomationError || (state !== null && REFUSED.test(state) && !isConnectionLoss(error));
    if (!isTheirs) throw error;
    await tx.manager.query('ROLLBACK TO SAVEPOINT subject');
    tx.unit.forget();
    if (error instanceof AutomationError) {
      if (error.retry.kind === 'transient') throw error;
      return refused(error.message, error);
    }
    // Somebody else in the CRM has been faster.
    const found = state === UNIQUE_VIOLATION ? await find(tx.manager, crm, group) : null;
    return found ?? refused(`The database refused the record: ${(error as Error).message}`);
  }
}

/** Null: there is none. */
async function find(manager: EntityManager, crm: CrmHost, { workspaceId, wanted }: Sought): Promise<Subject | null> {
  const { module, match } = wanted;
  if (!crm.findMatching) return refused('This CRM cannot look for records by their fields.');
  const [first, second] = await crm.findMatching({ manager, workspaceId }, module, { match, limit: 2 });
  if (second) return refused(`There are several records in ${module} with ${shown(match)}: which one is meant, nobody can tell.`);
  return first ? { kind: 'found', id: String(first.id) } : null;
}

async function create(tx: StepTransaction, { workspaceId, wanted, workflow, timezone }: Sought, set: JsonObject): Promise<Subject> {
  const actor = { type: 'workflow' as const, id: workflow.id, name: workflow.name };
  return { kind: 'found', id: await tx.unit.createRecord({ workspaceId, actor, cause: null, timezone }, wanted.module, set) };
}

/** Wrong values and broken rules, rather than the moment. */
const REFUSED = /^(22|23|44|P0)/;
const UNIQUE_VIOLATION = '23505';

function refused(rule: string, error?: AutomationError): Subject {
  const { hint, problems } = error ?? {};
  const told = { rule, ...(hint && { hint }), ...(problems && { problems: problems.map((one) => ({ ...one })) }) };
  return { kind: 'refused', refusal: { reason: 'record', explanation: told } };
}

function shown(match: JsonObject): string {
  return Object.entries(match)
    .map(([name, value]) => `${name} ${(isJsonObject(value) ? JSON.stringify(value) : `'${String(value)}'`).slice(0, 100)}`)
    .join(' and ');
}
