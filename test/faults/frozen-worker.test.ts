import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import { defineAction } from '../../src/actions/define-action.js';
import { Router } from '../../src/engine/routing/router.js';
import { RunDriver } from '../../src/engine/running/run-driver.js';
import { type AutomationApp, startAutomationApp } from '../support/automation-app.js';
import { Task } from '../support/sample-crm.js';

class Arguments {
  @IsString() to!: string;
}

interface Gate {
  /** Somebody has come to it. */
  reached: Promise<void>;
  open(): void;
  pass(): Promise<void>;
}

function gate(): Gate {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const pass = (): Promise<void> => {
    arrive();
    return opened;
  };
  return { reached, open, pass };
}

/** Each call of an action stands before the next of these gates. */
let gates: Gate[];
let calls: number;

const call = defineAction({
  type: 'call',
  label: 'Call',
  effect: 'external',
  arguments: Arguments,
  async execute() {
    calls += 1;
    const number = calls;
    await gates[number - 1]?.pass();
    return { answer: number };
  },
});

const write = defineAction({
  type: 'write',
  label: 'Write',
  effect: 'local',
  arguments: Arguments,
  async execute({ to }, step) {
    calls += 1;
    const number = calls;
    await step.manager
      .getRepository(Task)
      .save({ workspaceId: step.workspaceId, title: `${to} ${number}`, recordId: step.record?.id ?? null });
    await gates[number - 1]?.pass();
  },
});

const NOTE = { id: 'note', type: 'create_task', with: { title: 'Answer: {{steps.call.output.answer}}' } };

describe('a worker that stands still for longer than its lease while another takes its run', () => {
  let frozen: AutomationApp;
  let other: AutomationApp;
  beforeEach(async () => {
    calls = 0;
    gates = [gate(), gate()];
    frozen = await startAutomationApp({ actions: [call, write] });
    other = await startAutomationApp({ actions: [call, write] }, { database: frozen.database });
  });
  afterEach(async () => {
    await other.close();
    await frozen.close();
  });
  const publish = (...steps: object[]) => frozen.publishWorkflow({ trigger: { type: 'event', module: 'leads', event: 'created' }, steps });
  /** Everything that a stale worker could write to. */
  const everything = async () =>
    Promise.all(
      ['runs', 'step_executions', 'events', 'workflow_stats', 'rotations'].map((table) =>
        frozen.query(`SELECT t::text FROM automation.${table} t ORDER BY 1`),
      ),
    ).then(async (tables) => [...tables, await frozen.query('SELECT t::text FROM crm_tasks t ORDER BY 1')]);
  const leaseRunsOut = () => frozen.query("UPDATE automation.runs SET due_at = now() WHERE status = 'running'");

  /** Not by a tick: it would also claim, and might be quicker than the other to take what it holds itself. */
  const drive = () =>
    frozen.module
      .get(Router)
      .route()
      .then(() => frozen.module.get(RunDriver).settled());

  /** The other worker ends what the frozen one holds, then the frozen one wakes up and goes on; answers all there was in between. */
  const overtake = async () => {
    const driving = drive();
    await gates[0]?.reached;
    await leaseRunsOut();
    gates[1]?.open();
    await other.automation.drain();
    const before = await everything();
    gates[0]?.open();
    await driving;
    return before;
  };

  it('can write neither its result nor any further step: when the other is done', async () => {
    const workflowId = await publish({ id: 'call', type: 'call', with: { to: 'a' } }, NOTE);
    await frozen.createLead();
    const before = await overtake();
    await frozen.module.get(RunDriver).heartbeat();
    expect(await everything()).toEqual(before);
    const [run] = await frozen.runsOf({ workflowId });
    expect(run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`)).toEqual([
      'call 1 lost',
      'call 2 succeeded',
      'note 1 succeeded',
    ]);
    expect(frozen.module.get(RunDriver).holding).toBe(0);
  });

  it('can write neither its result, nor a heartbeat, nor give the run back: while the other still works on it', async () => {
    const workflowId = await publish({ id: 'call', type: 'call', with: { to: 'a' } }, NOTE);
    await frozen.createLead();
    const driving = drive();
    await gates[0]?.reached;
    await leaseRunsOut();
    const taking = other.automation.tick();
    await gates[1]?.reached;
    const before = await everything();
    const worker = frozen.module.get(RunDriver);
    await worker.heartbeat();
    expect(worker.holding).toBe(0);
    await worker.drain(0);
    gates[0]?.open();
    await driving;
    expect(await everything()).toEqual(before);
    gates[1]?.open();
    await taking;
    expect((await frozen.runsOf({ workflowId }))[0]).toMatchObject({ status: 'succeeded' });
    const tasks = await frozen.query('SELECT title FROM crm_tasks');
    expect(tasks).toEqual([{ title: 'Answer: 2' }]);
  });

  it('takes back what it wrote in a transaction that was open all the time', async () => {
    const workflowId = await publish({ id: 'write', type: 'write', with: { to: 'written by' }, timeout: 'PT1M' });
    // Without a record: the frozen transaction would keep it locked, and the other would have to wait for its end.
    await frozen.automation.publish({ workspaceId: 'acme', module: 'leads', event: 'created', record: { name: 'Ada' } });
    const before = await overtake();
    expect(await everything()).toEqual(before);
    const [run] = await frozen.runsOf({ workflowId });
    expect(run?.steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`)).toEqual(['write 1 succeeded']);
    const tasks = await frozen.query('SELECT title FROM crm_tasks');
    expect(tasks).toEqual([{ title: 'written by 2' }]);
  });
});
