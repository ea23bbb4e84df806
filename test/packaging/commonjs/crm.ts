import assert from 'node:assert/strict';
import { type CrmHost, typeOrmCrm } from 'nestjs-crm-automation';
import { Column, Entity, type EntityManager, PrimaryGeneratedColumn } from 'typeorm';

/** Decorated entities with numeric keys, and column names that are not the properties' names. */
@Entity('crm_deals')
class Deal {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', name: 'tenant' })
  workspaceId!: string;

  @Column('text')
  title!: string;

  @Column('int', { name: 'value_in_cents' })
  value!: number;

  @Column('text', { default: 'normal' })
  priority!: string;
}

@Entity('crm_todos')
class Todo {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  workspaceId!: string;

  @Column('text')
  what!: string;

  @Column('int', { nullable: true })
  dealId!: number | null;
}

export const entities = [Deal, Todo];

export function crmHost(): CrmHost {
  return typeOrmCrm(
    { deals: { entity: Deal } },
    { tasks: { entity: Todo, map: (task) => ({ what: task.title, dealId: task.record ? Number(task.record.id) : null }) } },
  );
}

export const definition = {
  trigger: { type: 'event', module: 'deals', event: 'created' },
  conditions: { all: [{ field: 'value', operator: 'greater_than', value: 50_000 }] },
  steps: [
    { id: 'flag', type: 'change_field', with: { field: 'priority', value: 'high' } },
    { id: 'call', type: 'create_task', with: { title: 'Call about {{record.title}}' } },
  ],
};

/** Saves a record of the module that the workflow is about. */
export async function saveRecord(manager: EntityManager, workspaceId: string): Promise<{ module: string; id: string; record: object }> {
  const deal = await manager.save(manager.create(Deal, { workspaceId, title: 'Umbrella', value: 75_000 }));
  return { module: 'deals', id: String(deal.id), record: deal };
}

/** What the run must have left in the tables of the host. */
export async function checkEffects(manager: EntityManager, id: string): Promise<void> {
  assert.equal((await manager.findOneByOrFail(Deal, { id: Number(id) })).priority, 'high');
  const todos = await manager.find(Todo);
  assert.deepEqual(
    todos.map(({ what, dealId }) => ({ what, dealId })),
    [{ what: 'Call about Umbrella', dealId: Number(id) }],
  );
}
