import { isJsonObject } from '../../core/json.js';
import type { RecordIdentity } from '../../host/crm-host.js';
import type { EmittedEvent } from './automation-event.js';

/** What the payload is about: the module of the event's name. */
export interface PayloadContext {
  /** `lead`: the member that may hold the record. */
  singular: string;
  identify(entity: object): RecordIdentity;
  /** Of records that belong to every workspace. */
  defaultWorkspaceId: string | null;
}

/** A payload that was understood, or what is missing. */
export type ReadPayload =
  | { kind: 'event'; event: EmittedEvent & { workspaceId: string; recordId: string } }
  | { kind: 'refused'; why: string };

/** Members of a payload around a record. */
const AROUND = ['record', 'previous', 'recordId', 'workspaceId', 'actor', 'key', 'manager'];
const CARRIERS = ['record', 'entity', 'data'];

/**
 * Reads a payload by this rule:
 *
 * 1. It has the key of the module's records itself: it is the record (or only its key and tenant: `{ id, tenantId }`).
 * 2. Else one of its members `record`, `entity`, `data` or the module's singular (`lead`) has it: that is the record. Of a
 *    pair `{ before, after }` or `{ previous, record }` both are taken. Beside it, `workspaceId` or the tenant's own property,
 *    `actor`, `key` and `manager` are understood.
 * 3. Else it is `{ recordId }`, with nothing but those beside it, and `record` and `previous` without keys of their own.
 *
 * So a Task with a column `recordId`, or a record with a column `data`, is what it is. Whatever fits none of these, or names
 * no tenant, is refused.
 */
export function readPayload(payload: unknown, context: PayloadContext): ReadPayload {
  if (!isJsonObject(payload)) return refused('it is not an object');
  const own = context.identify(payload);
  return own.id === null ? readAround(payload, own, context) : complete({ record: payload }, context);
}

/** Adds to an event of the host's own words what its record says. */
export function complete(event: EmittedEvent, { identify, defaultWorkspaceId }: PayloadContext): ReadPayload {
  const of = [event.record, event.previous].filter((entity) => isJsonObject(entity)).map((entity) => identify(entity));
  const { isShared } = of[0] ?? identify({});
  const recordId = idOf(event.recordId) ?? of.find(({ id }) => id !== null)?.id ?? null;
  const said = idOf(event.workspaceId);
  const saidByRecord = of.find(({ workspaceId }) => workspaceId !== null)?.workspaceId ?? null;
  if (said !== null && saidByRecord !== null && said !== saidByRecord) return refused('it names one tenant, and its record another');
  const workspaceId = said ?? saidByRecord ?? (isShared ? defaultWorkspaceId : null);
  if (recordId === null) return refused('it has no record id');
  if (workspaceId === null) {
    return refused(isShared ? 'it names no workspace, and there is no `emitter.defaultWorkspaceId`' : 'it names no tenant');
  }
  return { kind: 'event', event: { ...event, recordId, workspaceId } };
}

function readAround(payload: Record<string, unknown>, own: RecordIdentity, context: PayloadContext): ReadPayload {
  const entityIn = (name: string): object | undefined => {
    const member = payload[name];
    return isJsonObject(member) && context.identify(member).id !== null ? member : undefined;
  };
  const after = entityIn('after');
  const before = entityIn('before');
  const carriers = [...CARRIERS, context.singular].map(entityIn).filter((entity) => entity !== undefined);
  const candidates = [...new Set([after ?? before, ...carriers])].filter((entity) => entity !== undefined);
  if (candidates.length > 1) return refused('several of its members look like the record');
  const record = candidates[0];
  const isTenant = (name: string): boolean => own.workspaceId !== null && idOf(payload[name]) === own.workspaceId;
  const isReference = Object.keys(payload).every((name) => AROUND.includes(name) || isTenant(name));
  if (record === undefined && !isReference) return refused('it has no record id');
  const { actor, key, manager } = payload as EmittedEvent;
  return complete(
    {
      ...(record === undefined ? { recordId: idOf(payload.recordId) ?? undefined, record: objectOrNull(payload.record) } : { record }),
      previous: before ?? objectOrNull(payload.previous),
      workspaceId: idOf(payload.workspaceId) ?? own.workspaceId ?? undefined,
      ...{ actor, key, manager },
    },
    context,
  );
}

function objectOrNull(value: unknown): object | null {
  return isJsonObject(value) ? value : null;
}

function idOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function refused(why: string): ReadPayload {
  return { kind: 'refused', why };
}
