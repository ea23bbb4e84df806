import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { EmitterMap } from '../../src/engine/capture/automation-event.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Lead, Task } from '../support/sample-crm.js';

const TOUCH = { id: 'touch', type: 'change_field', with: { field: 'touches', increment: 1 } };
const BIG = { field: 'amount', operator: 'greater_than', value: 1_000 };

/** What a host's own payloads mean. */
const map: EmitterMap = (name, payload) => {
  if (name !== 'crm.lead') return undefined;
  const { what, lead } = payload as { what: string; lead: Lead };
  return what === 'seen' ? null : { event: what, record: lead };
};

describe('events that the host emits', () => {
  let app: AutomationApp;
  const warnings: string[] = [];
  beforeAll(async () => {
    app = await startAutomationApp(
      { emitter: { names: { 'crm.lead': { module: 'leads', event: 'created' } }, map, defaultWorkspaceId: 'default' } },
      { emitter: true },
    );
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
    await app.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [TOUCH] }, 'On created');
    await app.publishWorkflow(
      { trigger: { type: 'event', module: 'leads', event: 'updated' }, conditions: { all: [BIG] }, steps: [TOUCH] },
      'On big ones',
    );
    await app.publishWorkflow(
      {
        trigger: { type: 'event', module: 'leads', event: 'deleted' },
        steps: [{ id: 'tell', type: 'send_notification', with: { to: ['u-1'], title: 'Gone: {{trigger.recordId}}' } }],
      },
      'On deleted',
    );
    await app.publishWorkflow(
      {
        trigger: { type: 'event', module: 'tasks', event: 'created' },
        steps: [{ id: 'assign', type: 'change_field', with: { field: 'assigneeId', value: 'u-1' } }],
      },
      'On tasks',
    );
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const lead = (id: string, values: Partial<Lead> = {}) =>
    app.source.manager.create(Lead, { id, workspaceId: 'acme', name: 'Ada', amount: '5', ...values });
  const touches = async (id: string) => (await app.source.getRepository(Lead).findOneByOrFail({ id })).touches;
  const eventOf = async (recordId: string) => {
    const [row] = await app.query<{ routed: boolean; error: { code: string } | null }>(
      `SELECT routed_at IS NOT NULL AS routed, error FROM automation.events WHERE record_id = $1 AND source = 'emitter' ORDER BY id DESC`,
      [recordId],
    );
    return row;
  };
  const routeAgain = async (): Promise<void> => {
    await app.passTime();
    await app.automation.drain();
  };
  /** Routes again until it holds: transactions of other tests on this server may be open, and are waited for, too. */
  const routedUntil = (assertion: () => Promise<void>): Promise<void> =>
    app.eventually(async () => {
      await routeAgain();
      await assertion();
    });
  /** As if all of its waiting had been in vain. */
  const overdue = async (recordId: string): Promise<void> => {
    await app.query(`UPDATE automation.events SET occurred_at = now() - interval '1 min' WHERE record_id = $1`, [recordId]);
    await routeAgain();
  };

  it('inside an open transaction wait until the record is there', async () => {
    await app.source.transaction(async (manager) => {
      const saved = await manager.save(lead('open'));
      app.emitter.emit('lead.created', saved);
      await app.captured();
      await app.automation.drain();
      await routeAgain();
      expect(await eventOf('open')).toEqual({ routed: false, error: null });
    });
    await routeAgain();
    expect(await touches('open')).toBe(1);
  });

  it('that were rolled back start nothing, and say why on the event and in the log', async () => {
    await app.source
      .transaction(async (manager) => {
        app.emitter.emit('lead.created', await manager.save(lead('ghost')));
        throw new Error('the host changes its mind');
      })
      .catch(() => undefined);
    await app.captured();
    await app.automation.drain();
    await overdue('ghost');
    expect(await app.runsOf({ recordId: 'ghost' })).toEqual([]);
    expect(await eventOf('ghost')).toMatchObject({ routed: true, error: { code: 'record_not_found' } });
    expect(warnings.filter((line) => line.includes('leads.created of ghost'))).toHaveLength(1);
  });

  it('wait for the record also when they were emitted before anything was written', async () => {
    await app.source.transaction(async (manager) => {
      app.emitter.emit('lead.created', { workspaceId: 'acme', recordId: 'early' });
      await app.captured();
      await app.automation.drain();
      await manager.save(lead('early'));
    });
    await routeAgain();
    expect(await touches('early')).toBe(1);
  });

  it.each([
    ['grown', (saved: Lead) => ({ ...saved }), { routed: false, error: null }],
    // Of the very entity that was saved it is known in which transaction.
    ['grown-too', (saved: Lead) => saved, undefined],
    ['grown-around', (saved: Lead) => ({ lead: saved }), undefined],
  ])('tell of the change only once it is committed: %s', async (id, payload, meanwhile) => {
    await app.source.manager.save(lead(id));
    await app.source.transaction(async (manager) => {
      const saved = await manager.save(Lead, { ...(await manager.findOneByOrFail(Lead, { id })), amount: '5000' });
      app.emitter.emit('lead.updated', payload(saved));
      await app.captured();
      await app.automation.drain();
      expect(await eventOf(id)).toEqual(meanwhile);
    });
    await app.captured();
    await routedUntil(async () => expect(await touches(id)).toBe(1));
  });

  it('of a change that was rolled back start nothing where the payload is the entity that was saved, whatever the record was', async () => {
    await app.source.manager.save(lead('big', { amount: '5000' }));
    for (const emit of [(saved: Lead) => saved, (entity: Lead) => ({ entity, workspaceId: 'acme' })]) {
      await app.source
        .transaction(async (manager) => {
          const found = await manager.findOneByOrFail(Lead, { id: 'big' });
          app.emitter.emit('lead.updated', emit(await manager.save(Object.assign(found, { name: 'Grace' }))));
          throw new Error('the host changes its mind');
        })
        .catch(() => undefined);
    }
    await app.captured();
    await routeAgain();
    expect(await eventOf('big')).toBeUndefined();
    // Saved and emitted once more, it counts, after the commit too.
    const found = await app.source.manager.findOneByOrFail(Lead, { id: 'big' });
    app.emitter.emit('lead.updated', await app.source.manager.save(Object.assign(found, { name: 'Grace' })));
    await app.captured();
    await routedUntil(async () => expect(await touches('big')).toBe(1));
  });

  it('of a change that was rolled back see the record as it is', async () => {
    const before = await app.source.manager.save(lead('undone'));
    const emitInVain = (payload: (after: Lead) => object): Promise<void> =>
      app.source
        .transaction(async (manager) => {
          app.emitter.emit('lead.updated', payload(await manager.save(Lead, { ...before, amount: '5000' })));
          throw new Error('the host changes its mind');
        })
        .catch(() => undefined);
    // A copy: nobody can tell in which transaction it was saved.
    await emitInVain((after) => ({ ...after }));
    await app.captured();
    await routedUntil(async () =>
      expect(await app.runsOf({ recordId: 'undone' })).toMatchObject([{ status: 'skipped', reason: 'conditions' }]),
    );
    await emitInVain((after) => ({ before, after }));
    await app.captured();
    await routedUntil(async () => expect(await eventOf('undone')).toMatchObject({ routed: true, error: { code: 'change_not_committed' } }));
  });

  it('of a record that has changed again are not lost', async () => {
    const saved = await app.source.manager.save(lead('twice', { amount: '5000' }));
    app.emitter.emit('lead.updated', { ...saved });
    await app.source.manager.update(Lead, { id: 'twice' }, { name: 'Countess' });
    await app.captured();
    await routedUntil(async () => expect(await touches('twice')).toBe(1));
    expect(
      await app.query("SELECT record->>'name' AS name FROM automation.events WHERE record_id = 'twice' AND source = 'emitter'"),
    ).toEqual([{ name: 'Countess' }]);
  });

  it('of a deletion count once the record is gone', async () => {
    const deleteLead = (id: string, end: () => void): Promise<void> =>
      app.source
        .transaction(async (manager) => {
          await manager.delete(Lead, { id });
          app.emitter.emit('lead.deleted', { id, workspaceId: 'acme' });
          await app.captured();
          await app.automation.drain();
          expect(await eventOf(id)).toEqual({ routed: false, error: null });
          end();
        })
        .catch(() => undefined);
    await app.source.manager.save([lead('gone'), lead('kept')]);
    await deleteLead('gone', () => undefined);
    await deleteLead('kept', () => {
      throw new Error('the host changes its mind');
    });
    await routedUntil(async () => {
      expect(await app.runsOf({ recordId: 'gone' })).toMatchObject([{ status: 'succeeded' }]);
      expect(await eventOf('kept')).toMatchObject({ routed: true, error: { code: 'change_not_committed' } });
    });
    expect(await app.runsOf({ recordId: 'kept' })).toEqual([]);
  });

  it('are captured after the commit, or not at all, when they name their transaction', async () => {
    const emitting = (id: string, end: () => void): Promise<void> =>
      app.source
        .transaction(async (manager) => {
          app.emitter.emit('lead.created', { lead: await manager.save(lead(id)), manager });
          await app.captured();
          expect(await eventOf(id)).toBeUndefined();
          end();
        })
        .catch(() => undefined);
    await emitting('named', () => undefined);
    await emitting('named-ghost', () => {
      throw new Error('the host changes its mind');
    });
    await app.captured();
    await app.automation.drain();
    expect(await touches('named')).toBe(1);
    expect(await eventOf('named-ghost')).toBeUndefined();
  });

  it('mean what the host’s own map says', async () => {
    const saved = await app.source.manager.save(lead('mapped', { amount: '5000' }));
    app.emitter.emit('crm.lead', { what: 'seen', lead: saved });
    app.emitter.emit('crm.lead', { what: 'updated', lead: saved });
    await app.captured();
    expect(await app.query("SELECT event FROM automation.events WHERE record_id = 'mapped'")).toEqual([{ event: 'updated' }]);
  });

  it('about a Task that points at a record are about the Task', async () => {
    const task = await app.source.manager.save(Task, { workspaceId: 'acme', title: 'Call', recordModule: 'leads', recordId: 'open' });
    app.emitter.emit('task.created', task);
    await app.captured();
    await app.automation.drain();
    expect((await app.source.getRepository(Task).findOneByOrFail({ id: task.id })).assigneeId).toBe('u-1');
  });

  it('without record or tenant are refused with one warning for each name, whatever the default workspace', async () => {
    warnings.length = 0;
    for (let time = 0; time < 3; time += 1) {
      app.emitter.emit('lead.created', { id: 'nobodys', name: 'Ada' });
      app.emitter.emit('lead.updated', { workspaceId: 'acme', name: 'Ada' });
      app.emitter.emit('lead.updated', null);
    }
    await app.captured();
    expect(await app.query(`SELECT id FROM automation.events WHERE record_id = 'nobodys' OR workspace_id = 'default'`)).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/'lead\.created'.*it names no tenant.*publish/s),
      expect.stringMatching(/'lead\.updated'.*it has no record id/s),
    ]);
  });
});
