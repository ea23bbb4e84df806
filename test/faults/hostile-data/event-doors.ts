import { AutomationError } from '../../../src/core/errors.js';
import type { AutomationApp } from '../../support/automation-app.js';
import { HOSTILE_TEXTS, HOSTILE_VALUES, type HostileValue } from './values.js';

/** A way into the events table, with the hostile value in one place of the event. */
interface EventDoor {
  name: string;
  /** Default: all. */
  values?: readonly HostileValue[];
  enter(app: AutomationApp, value: unknown): unknown;
  /** It may throw a refusal; what is emitted may not. */
  mayRefuse: boolean;
  /** No hostile value makes an event here. */
  refusesAll?: true;
}

/** The only refusals, and only before anything is written. */
const REFUSALS: readonly string[] = ['event_invalid', 'payload_too_large'];

const event = { workspaceId: 'acme', module: 'leads', event: 'created' };
const publish = (app: AutomationApp, more: object): Promise<void> => app.automation.publish({ ...event, ...more } as never);

const PUBLISHING: readonly Omit<EventDoor, 'mayRefuse'>[] = [
  { name: 'a field of the record', enter: (app, odd) => publish(app, { record: { id: 'r', name: 'Ada', odd } }) },
  { name: 'a text field of the catalogue', enter: (app, name) => publish(app, { record: { id: 'r', name } }) },
  {
    name: 'a number field of the catalogue',
    enter: (app, amount) => publish(app, { record: { id: 'r', name: 'Ada', amount, touches: amount } }),
  },
  { name: 'the whole record', enter: (app, record) => publish(app, { record }) },
  { name: 'a field before', enter: (app, odd) => publish(app, { record: { id: 'r', name: 'Ada' }, previous: { id: 'r', odd } }) },
  {
    name: 'a field before and after',
    enter: (app, odd) => publish(app, { record: { id: 'r', name: 'Ada', odd, was: 1 }, previous: { id: 'r', odd, was: odd } }),
  },
  { name: 'the actor', enter: (app, actor) => publish(app, { recordId: 'r', actor }) },
  {
    name: 'the name of the actor',
    enter: (app, name) => publish(app, { recordId: 'r', actor: { type: 'user', id: name, name, roles: name } }),
  },
  { name: 'the id of the record', enter: (app, recordId) => publish(app, { recordId }) },
  { name: 'the key', enter: (app, key) => publish(app, { recordId: 'r', key }) },
  { name: 'the source of the key', enter: (app, source) => publish(app, { recordId: 'r', key: 'k', source }) },
  { name: 'the event', enter: (app, name) => publish(app, { recordId: 'r', event: name }) },
  { name: 'the module', values: HOSTILE_TEXTS, refusesAll: true, enter: (app, module) => publish(app, { recordId: 'r', module }) },
  { name: 'the workspace', enter: (app, workspaceId) => publish(app, { recordId: 'r', workspaceId }) },
  { name: 'the event itself', refusesAll: true, enter: (app, value) => app.automation.publish(value as never) },
  { name: 'the change itself', refusesAll: true, enter: (app, value) => app.automation.publishChange(value as never) },
  {
    name: 'one of two events itself',
    enter: (app, value) => app.automation.publish([{ ...event, recordId: 'r' }, value] as never),
    refusesAll: true,
  },
  {
    name: 'one of two events',
    enter: (app, odd) =>
      app.automation.publish([
        { ...event, recordId: 'r' },
        { ...event, record: { id: 'r', odd } },
      ] as never),
  },
  { name: 'a name of a field', values: HOSTILE_TEXTS, enter: (app, name) => publish(app, { record: { id: 'r', [String(name)]: 1 } }) },
  {
    name: 'a record that was changed',
    enter: (app, odd) =>
      app.automation.publishChange({
        workspaceId: 'acme',
        module: 'leads',
        before: { id: 'r', name: 'Ada', odd: 1 },
        after: { id: 'r', name: odd, odd },
      } as never),
  },
  {
    name: 'a record that was created',
    enter: (app, after) => app.automation.publishChange({ workspaceId: 'acme', module: 'leads', before: null, after } as never),
  },
  {
    name: 'a record in the caller’s own transaction',
    enter: (app, odd) =>
      app.source.transaction(async (manager) => {
        // A refusal leaves the transaction as it was: the caller may go on and commit.
        const refused = await app.automation.publish({ ...event, record: { id: 'r', odd } } as never, manager).then(
          () => null,
          (error: unknown) => error,
        );
        await manager.query('SELECT 1');
        if (refused) throw refused;
      }),
  },
];

const EMITTING: readonly Omit<EventDoor, 'mayRefuse'>[] = [
  { name: 'a field of what is emitted', enter: (app, odd) => app.emitter.emit('lead.created', { id: 'r', workspaceId: 'acme', odd }) },
  { name: 'what is emitted', refusesAll: true, enter: (app, payload) => app.emitter.emit('lead.created', payload) },
  {
    name: 'a wrapped record that is emitted',
    enter: (app, record) => app.emitter.emit('lead.created', { workspaceId: 'acme', recordId: 'r', record, actor: record, key: record }),
  },
];

const DOORS: readonly EventDoor[] = [
  ...PUBLISHING.map((door) => ({ ...door, mayRefuse: true })),
  ...EMITTING.map((door) => ({ ...door, mayRefuse: false })),
];

/** What went in, what was refused, and what should not have happened. */
export interface DoorCount {
  captured: number;
  refused: number;
  violations: string[];
}

/** Sends every value through every door. `short`: values that take long through the first door only. */
export async function tryEventDoors(app: AutomationApp, scale: 'short' | 'long'): Promise<DoorCount> {
  const count: DoorCount = { captured: 0, refused: 0, violations: [] };
  let kept = await events(app);
  for (const [index, door] of DOORS.entries()) {
    const before = kept;
    for (const { name, make } of (door.values ?? HOSTILE_VALUES).filter(({ slow }) => !slow || scale === 'long' || index === 0)) {
      const refusal = await enter(app, door, make());
      const now = await events(app);
      if (refusal) {
        count.refused += 1;
        const violation = refusalProblem(door, refusal.error) ?? (now === kept ? null : 'was refused, but something was written');
        if (violation) count.violations.push(`${name} as ${door.name}: ${violation}`);
      }
      kept = now;
    }
    count.captured += kept - before;
    if (kept === before && !door.refusesAll) count.violations.push(`nothing came in as ${door.name}`);
  }
  return count;
}

async function enter(app: AutomationApp, door: EventDoor, value: unknown): Promise<{ error: unknown } | null> {
  try {
    await door.enter(app, value);
    await app.captured();
    return null;
  } catch (error) {
    return { error };
  }
}

function refusalProblem(door: EventDoor, error: unknown): string | null {
  if (!door.mayRefuse) return `it reached whoever emitted it: ${String(error)}`;
  return error instanceof AutomationError && REFUSALS.includes(error.code)
    ? null
    : `${error instanceof Error ? error.name : ''} ${String(error)}`;
}

async function events(app: AutomationApp): Promise<number> {
  const [row] = await app.query<{ count: number }>('SELECT count(*)::int AS count FROM automation.events');
  return row?.count ?? 0;
}
