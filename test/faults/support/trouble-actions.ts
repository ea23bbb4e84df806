import { IsString } from 'class-validator';
import { type ActionDefinition, defineAction, type LocalStep, type OwnTransactionStep } from '../../../src/index.js';

class Title {
  @IsString() title!: string;
}

const never = (): Promise<never> => new Promise(() => undefined);
const writeTask = (step: OwnTransactionStep, title: string): Promise<unknown> =>
  step.manager.query('INSERT INTO tasks (id, "workspaceId", title, "relatedId") VALUES (gen_random_uuid(), $1, $2, $3)', [
    step.workspaceId,
    title,
    step.record?.id ?? null,
  ]);

const own = (type: string, execute: (title: string, step: OwnTransactionStep) => Promise<unknown>): ActionDefinition =>
  defineAction({
    type,
    label: type,
    effect: 'local',
    arguments: Title,
    execute: async ({ title }, step) => void (await execute(title, step)),
  });
const shared = (type: string, execute: (title: string, step: LocalStep) => Promise<unknown>): ActionDefinition =>
  defineAction({
    type,
    label: type,
    effect: 'local',
    transaction: 'shared',
    arguments: Title,
    execute: async ({ title }, step) => void (await execute(title, step)),
  });
const sharedTask = (step: LocalStep, title: string): Promise<unknown> =>
  step.crm.createTask({ title, description: null, assigneeId: null, dueAt: null, priority: null, record: step.record });

/** A host's actions as they should be. */
const GOOD = [own('good_own', (title, step) => writeTask(step, title)), shared('good_shared', (title, step) => sharedTask(step, title))];

/** A host's actions as they should not be. */
const BAD = [
  own('hangs_own', async (title, step) => {
    await writeTask(step, title);
    await never();
  }),
  own('hangs_in_statement', (_, step) => step.manager.query('SELECT pg_sleep(600)')),
  shared('hangs_shared', never),
  own('leaves_transaction_open', async (title, step) => {
    await step.manager.queryRunner?.startTransaction();
    await writeTask(step, title);
    throw new Error('left open');
  }),
  own('forgets_connection', async (_, step) => {
    const besides = step.manager.connection.createQueryRunner();
    await besides.startTransaction();
    await besides.query('SELECT 1');
    throw new Error('forgotten');
  }),
  own('throws_after_writing', async (title, step) => {
    await writeTask(step, title);
    throw new Error('too late');
  }),
  shared('throws_after_writing_shared', async (title, step) => {
    await sharedTask(step, title);
    throw new Error('too late');
  }),
];

/** What makes trouble, by the types of its actions. */
export const TROUBLE: readonly string[] = BAD.map(({ type }) => type);

/** The actions of the lab's CRM besides the demo's own. */
export const TROUBLE_ACTIONS: readonly ActionDefinition[] = [...GOOD, ...BAD];
