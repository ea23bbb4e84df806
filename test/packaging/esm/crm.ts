import assert from 'node:assert/strict';
import { type CrmHost, typeOrmCrm } from 'nestjs-crm-automation';
import { type EntityManager, EntitySchema } from 'typeorm';

interface Lead {
  id: string;
  workspaceId: string;
  name: string;
  source: string | null;
  score: number;
}

interface Task {
  id: string;
  workspaceId: string;
  title: string;
  dueAt: Date | null;
  recordModule: string | null;
  recordId: string | null;
}

/** Entities without decorators, with UUID keys. */
const LeadEntity = new EntitySchema<Lead>({
  name: 'Lead',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    workspaceId: { type: String },
    name: { type: String },
    source: { type: String, nullable: true },
    score: { type: Number, default: 0 },
  },
});

const TaskEntity = new EntitySchema<Task>({
  name: 'Task',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    workspaceId: { type: String },
    title: { type: String },
    dueAt: { type: 'timestamptz', nullable: true },
    recordModule: { type: String, nullable: true },
    recordId: { type: String, nullable: true },
  },
});

export const entities = [LeadEntity, TaskEntity];

export function crmHost(): CrmHost {
  return typeOrmCrm({ leads: { entity: LeadEntity }, tasks: { entity: TaskEntity } }, { tasks: { entity: TaskEntity } });
}

export const definition = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  conditions: {
    all: [
      { field: 'source', operator: 'equals', value: 'Web Form' },
      {
        any: [
          { field: 'score', operator: 'equals', value: 0 },
          { field: 'name', operator: 'is_empty' },
        ],
      },
    ],
  },
  steps: [
    { id: 'score', type: 'change_field', with: { field: 'score', increment: 10 } },
    { id: 'call', type: 'create_task', with: { title: 'Call {{upper record.name}}', dueIn: 'P1D' } },
  ],
};

/** Saves a record of the module that the workflow is about. */
export async function saveRecord(manager: EntityManager, workspaceId: string): Promise<{ module: string; id: string; record: object }> {
  const lead = await manager.save(LeadEntity, { workspaceId, name: 'Ada', source: 'Web Form' });
  return { module: 'leads', id: lead.id, record: lead };
}

/** What the run must have left in the tables of the host. */
export async function checkEffects(manager: EntityManager, id: string): Promise<void> {
  assert.equal((await manager.findOneByOrFail(LeadEntity, { id })).score, 10);
  const tasks = await manager.find(TaskEntity);
  assert.deepEqual(
    tasks.map(({ title, recordModule, recordId }) => ({ title, recordModule, recordId })),
    [{ title: 'Call ADA', recordModule: 'leads', recordId: id }],
  );
  assert.ok(tasks[0]?.dueAt instanceof Date);
}
