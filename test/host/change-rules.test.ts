import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IsEmail, IsIn, IsObject, IsOptional, Length, Max, Min, registerDecorator, ValidateIf } from 'class-validator';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { AutomationError } from '../../src/core/errors.js';
import type { RecordData } from '../../src/core/event.js';
import type { Json, JsonObject } from '../../src/core/json.js';
import type { CrmHost } from '../../src/host/crm-host.js';
import { type CrmSession, CrmUnitOfWork } from '../../src/host/crm-session.js';
import { typeOrmCrm } from '../../src/host/typeorm-crm-host.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Not a module of the CRM: conditions cannot follow the relation, but it has a workspace. */
@Entity('rule_campaigns')
class Campaign {
  @PrimaryColumn({ type: 'integer' }) id!: number;
  @Column({ type: 'text' }) workspaceId!: string;
}

@Entity('rule_companies')
class Company {
  @PrimaryColumn({ type: 'uuid' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
}

@Entity('rule_people')
class Person {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'boolean', default: true }) active!: boolean;
  @Column({ type: 'text', array: true, default: [] }) roles!: string[];
}

@Entity('rule_stages')
class Stage {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'text' }) pipeline!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'integer' }) position!: number;
}

@Entity('rule_deals')
class Deal {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'varchar', length: 20, nullable: true }) title!: string | null;
  @Column({ type: 'text', nullable: true }) email!: string | null;
  @Column({ type: 'text', default: 'sales' }) pipeline!: string;
  @Column({ type: 'text', default: 'New' }) stage!: string;
  @Column({ type: 'text', nullable: true }) ownerId!: string | null;
  @Column({ type: 'numeric', precision: 7, scale: 2, default: 0 }) amount!: string;
  @Column({ type: 'smallint', default: 0 }) discount!: number;
  @Column({ type: 'bigint', default: 0 }) views!: string;
  @Column({ type: 'varchar', length: 3, array: true, default: [] }) tags!: string[];
  @Column({ type: 'jsonb', nullable: true }) terms!: object | null;
  @Column({ type: 'uuid', nullable: true }) companyId!: string | null;
  @ManyToOne(() => Company, { nullable: true, createForeignKeyConstraints: false })
  @JoinColumn({ name: 'companyId' })
  company?: Relation<Company> | null;
  @ManyToOne(() => Campaign, { nullable: true, createForeignKeyConstraints: false })
  campaign?: Relation<Campaign> | null;
}

/** Its own decorators are the rules. */
@Entity('rule_contacts')
class Contact {
  @PrimaryColumn({ type: 'text' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Length(2, 10) @Column({ type: 'text' }) name!: string;
  @Max(150) @Column({ type: 'integer', default: 0 }) age!: number;
}

@Entity('rule_tasks')
class Task {
  @PrimaryColumn({ type: 'uuid', default: () => 'gen_random_uuid()' }) id!: string;
  @Column({ type: 'text' }) workspaceId!: string;
  @Column({ type: 'varchar', length: 30 }) title!: string;
  @Column({ type: 'text', nullable: true }) assigneeId!: string | null;
  @Column({ type: 'text', default: 'Normal' }) priority!: string;
  @Column({ type: 'text', nullable: true }) recordModule!: string | null;
  @Column({ type: 'text', nullable: true }) recordId!: string | null;
}

/** Like a rule that asks another service. */
function NotYetTaken(): PropertyDecorator {
  return (prototype, propertyName) =>
    registerDecorator({
      name: 'notYetTaken',
      target: prototype.constructor,
      propertyName: String(propertyName),
      validator: { validate: async (value) => value !== 'taken@x.test', defaultMessage: () => 'email is taken' },
    });
}

/** As a request to the CRM must be. */
class PatchDeal {
  @IsOptional() @IsEmail() @NotYetTaken() email?: string | null;
  @Min(0) amount?: number;
  @ValidateIf(({ amount }: PatchDeal) => Number(amount) < 100)
  @Max(10)
  discount?: number;
  @IsObject() terms?: object;
}

class CreateTask {
  @Length(3, 500) title!: string;
  @IsIn(['Low', 'Normal']) priority!: string;
  @IsEmail() reporter!: string;
}

const COMPANY = '11111111-1111-4111-8111-111111111111';
const RIVALS = '22222222-2222-4222-8222-222222222222';

let database: TestDatabase;
let source: DataSource;
const statements: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  const entities = [Campaign, Company, Person, Stage, Deal, Contact, Task];
  const silent = () => undefined;
  const logger = { logQueryError: silent, logQuerySlow: silent, logSchemaBuild: silent, logMigration: silent, log: silent };
  source = new DataSource({
    type: 'postgres',
    url: database.url,
    entities,
    synchronize: true,
    logging: ['query'],
    logger: { ...logger, logQuery: (query) => void (/^(START|COMMIT|ROLLBACK|SAVEPOINT)/.test(query) || statements.push(query)) },
  });
  await source.initialize();
  const both = ['acme', 'rival'];
  await source.getRepository(Company).insert([
    { id: COMPANY, workspaceId: 'acme', name: 'Ours' },
    { id: RIVALS, workspaceId: 'rival', name: 'Theirs' },
  ]);
  await source.getRepository(Campaign).insert(both.map((workspaceId, at) => ({ id: at + 1, workspaceId })));
  await source.getRepository(Person).insert([
    { id: 'u-1', workspaceId: 'acme', name: 'Una', roles: ['sales'] },
    { id: 'u-2', workspaceId: 'acme', name: 'Lou', active: false },
    { id: 'u-r', workspaceId: 'rival', name: 'Rick' },
  ]);
  const stage = (pipeline: string, name: string, position: number) => ({
    id: `${pipeline}-${name}`,
    workspaceId: 'acme',
    pipeline,
    name,
    position,
  });
  const rivals = { ...stage('sales', 'Theirs', 3), workspaceId: 'rival' };
  await source.getRepository(Stage).insert([stage('sales', 'New', 1), stage('sales', 'Won', 2), stage('renewal', 'Due', 1), rivals]);
});
beforeEach(() => source.query('TRUNCATE rule_deals, rule_contacts, rule_tasks'));
afterAll(async () => {
  await source.destroy();
  await database.drop();
});

function crm(more: Partial<CrmHost> = {}): CrmHost {
  const host = typeOrmCrm(
    {
      deals: {
        entity: Deal,
        validate: PatchDeal,
        stage: 'stage',
        owner: 'ownerId',
        stages: { entity: Stage, match: { pipeline: 'pipeline' } },
      },
      companies: { entity: Company },
      contacts: { entity: Contact },
      tasks: { entity: Task, owner: 'assigneeId' },
    },
    { users: { entity: Person }, tasks: { entity: Task, validate: CreateTask } },
  );
  host.attach(source);
  return Object.assign(host, more);
}

async function deals(count: number, values: Partial<Deal> = {}): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, at) => `d-${at}`);
  await source.getRepository(Deal).insert(ids.map((id) => ({ id, workspaceId: 'acme', title: 'Deal', ...values })));
  return ids;
}

function work<T>(run: (step: () => CrmSession) => Promise<T>, host = crm()): Promise<T> {
  return source.transaction((manager) => {
    const unit = new CrmUnitOfWork(host, manager);
    statements.length = 0;
    return run(() => unit.forStep({ workspaceId: 'acme', actor: { type: 'workflow', id: 'w' }, cause: null }));
  });
}

const failureOf = (promise: Promise<unknown>): Promise<AutomationError> =>
  promise.then(
    () => Promise.reject(new Error('it was not refused')),
    (error) => error,
  );

/** How one change of a fresh deal fails, and that it has written nothing. */
async function refusal(set: JsonObject, host?: CrmHost): Promise<AutomationError> {
  const [id] = (await deals(1)) as [string];
  const before = await source.getRepository(Deal).findOneByOrFail({ id });
  const error = await work(async (step) => {
    const session = step();
    const failure = await failureOf(session.update({ module: 'deals', id }, () => set));
    expect(session.wrote).toBe(false);
    return failure;
  }, host);
  expect(await source.getRepository(Deal).findOneByOrFail({ id })).toEqual(before);
  return error;
}

const task = { title: 'Call', description: null, assigneeId: null, dueAt: null, priority: null, record: null };

describe('a change that the catalogue knows to be wrong', () => {
  it.each<[string, JsonObject, string]>([
    ['an owner whom nobody knows', { ownerId: 'u-9' }, 'user_unknown'],
    ['an owner who has left', { ownerId: 'u-2' }, 'user_unknown'],
    ["another workspace's user as the owner", { ownerId: 'u-r' }, 'user_unknown'],
    ['an owner that is an empty text', { ownerId: '' }, 'user_unknown'],
    ['a stage that there is not', { stage: 'Nowhere' }, 'stage_unknown'],
    ["a stage of another pipeline than the record's", { stage: 'Due' }, 'stage_unknown'],
    ["another workspace's stage", { stage: 'Theirs' }, 'stage_unknown'],
    ['a pipeline that does not have the stage', { pipeline: 'renewal' }, 'stage_unknown'],
    ["another workspace's record", { companyId: RIVALS }, 'reference_unknown'],
    ['a record that does not exist', { companyId: '33333333-3333-4333-8333-333333333333' }, 'reference_unknown'],
    ['an id that the column cannot hold', { companyId: 'abc' }, 'reference_unknown'],
    ["another workspace's row of an entity that is no module", { campaignId: '2' }, 'reference_unknown'],
    ['a text that is too long', { title: 'x'.repeat(10_000) }, 'value_too_long'],
    ['a list with a text that is too long', { tags: ['ok', 'long'] }, 'value_too_long'],
    ['decimals that would be rounded', { amount: 1.005 }, 'value_rounded'],
    ['decimals where only whole numbers are kept', { discount: 1.5 }, 'value_rounded'],
    ['an amount beyond the column', { amount: '100000.00' }, 'value_out_of_range'],
    ['an amount far beyond any column', { amount: '1e400' }, 'value_out_of_range'],
    ['a number below the column', { discount: -32_769 }, 'value_out_of_range'],
    ['a number one beyond what is exact', { views: '9223372036854775808' }, 'value_out_of_range'],
  ])('is refused for good before anything is written: %s', async (_what, set, code) => {
    const error = await refusal(set);
    expect(error).toMatchObject({ code, retry: { kind: 'permanent' }, hint: expect.any(String) });
    expect(error.message.length).toBeLessThan(250);
  });

  it('is refused with the field and the value, shortened', async () => {
    const error = await refusal({ title: `long ${'x'.repeat(10_000)}` });
    expect(error.message).toMatch(/^"long x+… is longer than the 20 characters of the field 'title' of deals$/);
    expect(error.details).toEqual({ module: 'deals', field: 'title', maxLength: 20 });
    await source.query('TRUNCATE rule_deals');
    expect(await refusal({ companyId: RIVALS })).toMatchObject({
      message: expect.stringContaining(`"${RIVALS}" does not fit the field 'companyId' of deals`),
      details: { module: 'deals', field: 'companyId', value: RIVALS },
    });
  });

  it('passes when it is right', async () => {
    const [id] = (await deals(1)) as [string];
    const fields = {
      title: '😀'.repeat(20),
      ownerId: 'u-1',
      stage: 'Due',
      pipeline: 'renewal',
      companyId: COMPANY,
      amount: '99999.99',
      discount: 0,
      views: '9223372036854775807',
      tags: ['abc', ''],
    };
    await work((step) => step().update({ module: 'deals', id }, () => ({ ...fields, campaignId: '1' })));
    expect(await source.getRepository(Deal).findOneOrFail({ where: { id }, relations: { campaign: true } })).toMatchObject({
      ...fields,
      campaign: { id: 1 },
    });
    await work((step) => step().update({ module: 'deals', id }, () => ({ ownerId: null, companyId: null, campaignId: null })));
    expect(await source.getRepository(Deal).findOneByOrFail({ id })).toMatchObject({ ownerId: null, companyId: null });
  });

  it('leaves alone what was wrong before it', async () => {
    const [id] = (await deals(1, { stage: 'Gone', ownerId: 'u-2', companyId: RIVALS, amount: '-5', email: 'nonsense' })) as [string];
    await work((step) => step().update({ module: 'deals', id }, () => ({ title: 'Better', stage: 'Gone' })));
    expect(await source.getRepository(Deal).findOneByOrFail({ id })).toMatchObject({ title: 'Better', stage: 'Gone' });
  });

  it('costs a statement for each kind of thing it names, whatever the number of changes', async () => {
    const ids = await deals(40);
    await work(async (step) => {
      const changes = ids.map((id) =>
        step().update({ module: 'deals', id }, () => ({ ownerId: 'u-1', stage: 'Won', companyId: COMPANY, campaignId: '1' })),
      );
      await Promise.all(changes);
      const kinds = statements.map((sql) => /(?:FROM|UPDATE) "(\w+)"/.exec(sql)?.[1]);
      expect(kinds).toEqual(['rule_deals', 'rule_people', 'rule_companies', 'rule_campaigns', 'rule_stages', 'rule_deals']);
      statements.length = 0;
      // The transaction knows all of that now.
      const [id] = ids as [string];
      await step().update({ module: 'deals', id }, () => ({ ownerId: null, stage: 'New', companyId: null }));
      await step().update({ module: 'deals', id }, () => ({ ownerId: 'u-1', stage: 'Won', companyId: COMPANY }));
      expect(statements.map((sql) => sql.slice(0, 6))).toEqual(['UPDATE', 'UPDATE']);
    });
  });

  it('asks nothing about users that were found by their role, nor about stages that the step has asked for', async () => {
    const [id] = (await deals(1)) as [string];
    await work(async (step) => {
      const session = step();
      const record = (await session.get({ module: 'deals', id }, [], { lock: true })) as RecordData;
      await session.findUsers({ role: 'sales' });
      await session.findStages('deals', record);
      statements.length = 0;
      await session.update({ module: 'deals', id }, () => ({ ownerId: 'u-1', stage: 'Won' }));
      expect(statements.map((sql) => sql.slice(0, 6))).toEqual(['UPDATE']);
    });
  });

  it('is undone alone: neighbours on the same record go on from the state without it', async () => {
    const [id, other] = (await deals(2, { amount: '5' })) as [string, string];
    await work(async (step) => {
      const add = (by: number) => (record: RecordData) => ({ amount: Number(record.amount) + by });
      const sessions = Array.from({ length: 5 }, step) as [CrmSession, CrmSession, CrmSession, CrmSession, CrmSession];
      const results = await Promise.allSettled([
        sessions[0].update({ module: 'deals', id }, add(1)),
        sessions[1].update({ module: 'deals', id }, add(-10)),
        sessions[2].update({ module: 'deals', id }, add(3)),
        // It would be refused, too, had the second one been written.
        sessions[3].update({ module: 'deals', id }, add(-9)),
        sessions[4].update({ module: 'deals', id: other }, add(1)),
      ]);
      expect(
        results.map((result) =>
          result.status === 'fulfilled' ? [result.value.before.amount, result.value.after.amount] : result.reason.code,
        ),
      ).toEqual([[5, 6], 'change_refused', [6, 9], [9, 0], [5, 6]]);
      expect(sessions.map(({ wrote }) => wrote)).toEqual([true, false, true, true, true]);
    });
  });

  it('is refused where the host was not told who its users are, and its neighbours are not', async () => {
    const host = typeOrmCrm({ deals: { entity: Deal, owner: 'ownerId' } });
    host.attach(source);
    const [first, second] = (await deals(2)) as [string, string];
    await work(async (step) => {
      const [refused, done] = await Promise.allSettled([
        step().update({ module: 'deals', id: first }, () => ({ ownerId: 'u-1' })),
        step().update({ module: 'deals', id: second }, () => ({ title: 'Fine' })),
      ]);
      expect([refused, done]).toMatchObject([{ reason: { code: 'crm_config_invalid' } }, { value: { after: { title: 'Fine' } } }]);
    }, host);
  });
});

describe("the CRM's own rules", () => {
  it('refuse what the class of its requests refuses, with the field, the value and every reason', async () => {
    const error = await refusal({ amount: -5, email: 'nobody' });
    expect(error).toMatchObject({
      code: 'change_refused',
      retry: { kind: 'permanent' },
      details: { module: 'deals', given: { amount: '-5', email: '"nobody"' } },
    });
    expect(error.problems?.map(({ path }) => path).sort()).toEqual(['amount', 'email']);
    expect(error.message).toContain('amount must not be less than 0 (it would be -5)');
  });

  it('wait for validators that are asynchronous', async () => {
    expect(await refusal({ email: 'taken@x.test' })).toMatchObject({
      code: 'change_refused',
      message: expect.stringContaining('is taken'),
    });
  });

  it('see the whole record, and refuse a change that spoils a field beside it', async () => {
    const [id] = (await deals(1, { amount: '500', discount: 20 })) as [string];
    const cheaper = (amount: number) => work((step) => step().update({ module: 'deals', id }, () => ({ amount })));
    await cheaper(200);
    expect(await failureOf(cheaper(50))).toMatchObject({ code: 'change_refused', problems: [{ path: 'discount' }] });
  });

  it("are the entity's own decorators where no class is named, and none where the host says so", async () => {
    await source.getRepository(Contact).insert({ id: 'c-1', workspaceId: 'acme', name: 'x', age: 7 });
    const grow = (age: number, host?: CrmHost) => work((step) => step().update({ module: 'contacts', id: 'c-1' }, () => ({ age })), host);
    await grow(8);
    expect(await failureOf(grow(151))).toMatchObject({ code: 'change_refused', problems: [{ path: 'age' }] });
    const lenient = typeOrmCrm({ contacts: { entity: Contact, validate: false } });
    lenient.attach(source);
    await grow(151, lenient);
  });

  it('see free JSON of a record as it is', async () => {
    const [id] = (await deals(1)) as [string];
    const agree = (terms: Json) => work((step) => step().update({ module: 'deals', id }, () => ({ terms })));
    expect((await agree({ days: 30 })).after).toMatchObject({ terms: { days: 30 } });
    expect(await failureOf(agree('at once'))).toMatchObject({ code: 'change_refused', problems: [{ path: 'terms' }] });
  });

  it('must be rules: a class without any is refused at start', () => {
    const host = typeOrmCrm({ deals: { entity: Deal, validate: class Nothing {} } });
    expect(() => host.attach(source)).toThrow(
      expect.objectContaining({ code: 'crm_config_invalid', message: expect.stringContaining('Nothing') }),
    );
  });

  it('may be any function of the host; one that throws fails its own change only', async () => {
    const [first, second] = (await deals(2)) as [string, string];
    const host = crm({
      validate: (module, { before, after, fields }, { workspaceId }) => {
        if (after.title === 'Bang') throw new Error('out of order');
        const message = `${workspaceId} ${module} ${before.title} -> ${after.title} ${fields.join()}`;
        return after.title === 'No' ? [{ path: 'title', message }] : [];
      },
    });
    const rename = (step: () => CrmSession, id: string, title: string) => step().update({ module: 'deals', id }, () => ({ title }));
    await work(async (step) => {
      const results = await Promise.allSettled([rename(step, first, 'No'), rename(step, first, 'Bang'), rename(step, second, 'Yes')]);
      expect(results).toMatchObject([
        { reason: { code: 'change_refused', problems: [{ path: 'title', message: 'acme deals Deal -> No title' }] } },
        { reason: { message: 'out of order' } },
        { value: { after: { title: 'Yes' } } },
      ]);
    }, host);
  });

  it('a host without references of its own has them looked for among the records of the module', async () => {
    const host = crm({ findReferenced: undefined as never });
    expect(await refusal({ companyId: RIVALS }, host)).toMatchObject({ code: 'reference_unknown' });
    await work((step) => step().update({ module: 'deals', id: 'd-0' }, () => ({ companyId: COMPANY })), host);
  });
});

describe('a task to be created', () => {
  it.each<[string, object, string]>([
    ["another workspace's user as the assignee", { assigneeId: 'u-r' }, 'user_unknown'],
    ['an assignee who has left', { assigneeId: 'u-2' }, 'user_unknown'],
    ["another workspace's record", { record: { module: 'companies', id: RIVALS } }, 'reference_unknown'],
    ['a record of a module that there is not', { record: { module: 'planets', id: '1' } }, 'module_unknown'],
    ['a title that is too long for its column', { title: 'x'.repeat(31) }, 'value_too_long'],
    ['a title that the CRM takes for too short', { title: 'x' }, 'task_refused'],
    ['a priority that the CRM does not have', { priority: 'Someday' }, 'task_refused'],
  ])('is refused for good before anything is written: %s', async (_what, wrong, code) => {
    await work(async (step) => {
      const [bad, good] = [step(), step()];
      const [refused, created] = await Promise.allSettled([bad.createTask({ ...task, ...wrong }), good.createTask(task)]);
      expect(refused).toMatchObject({ reason: { code, retry: { kind: 'permanent' } } });
      expect(created).toMatchObject({ value: { title: 'Call', priority: 'Normal' } });
      expect([bad.wrote, good.wrote]).toEqual([false, true]);
    });
    expect(await source.getRepository(Task).count()).toBe(1);
  });

  it('passes when it is right, with a statement for each kind of thing that many name', async () => {
    await work(async (step) => {
      const about = { assigneeId: 'u-1', record: { module: 'companies', id: COMPANY } };
      await Promise.all(Array.from({ length: 20 }, () => step().createTask({ ...task, ...about })));
      expect(statements).toHaveLength(3);
    });
    expect(await source.getRepository(Task).countBy({ assigneeId: 'u-1', recordId: COMPANY })).toBe(20);
  });
});
