import { MachineService } from '../../../src/admin/machine-service.js';
import { transitionVersions } from '../../../src/core/machine/transition-versions.js';
import { AutomationEngine } from '../../../src/engine/automation-engine.js';
import { StateTimeouts } from '../../../src/engine/machines/state-timeouts.js';
import { Router } from '../../../src/engine/routing/router.js';
import { RunDriver } from '../../../src/engine/running/run-driver.js';
import { DueRunsQueue } from '../../../src/engine/timing/due-runs.js';
import type { Caller } from '../../../src/host/access.js';
import { type AutomationApp, startAutomationApp } from '../../support/automation-app.js';
import type { TestDatabase } from '../../support/database.js';
import { Lead, sampleDataSource, seedUsers } from '../../support/sample-crm.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { randomDefinition, randomMachine } from './random-definitions.js';
import { type Call, type Script, scriptedActions } from './scripted-actions.js';

/** Room for every call that a group of sequences leaves unanswered; a worker that is full would claim nothing. */
const CONCURRENCY = 500;

/** A process of the CRM, as far as one process can show two: engine, pool and memory of its own, driven by hand. */
export interface ModelNode {
  name: string;
  app: AutomationApp;
  /** Captures timeouts of states that are due, routes a batch of events and adopts what it started. */
  route(): Promise<void>;
  /** Claims and advances a batch of due runs. */
  work(): Promise<void>;
  heartbeat(): Promise<void>;
  /** How many runs it holds. */
  readonly holding: number;
  /** Gives everything back, as a stop does. */
  giveBack(): Promise<void>;
  /** Resolves when nothing is under way but calls that wait for an answer. */
  quiet(): Promise<void>;
}

/** A workspace with one random workflow, or one random machine. Sequences take turns in it. */
export interface ModelWorkspace {
  id: string;
  admin: Caller;
  kind: 'workflow' | 'machine';
  /** Of the workflow, or of the machine. */
  definedId: string;
  /** What runs are runs of: of a machine by the code of the transition, of a workflow by the empty one. */
  definitions: ReadonlyMap<string, object>;
  script: Script;
}

/** Every so many workspaces one has a machine. */
const MACHINE_EVERY = 3;

/** A database with two nodes and many workspaces, and a log of everything that happens to runs and steps. */
export interface ModelWorld {
  nodes: [ModelNode, ModelNode];
  workspaces: ModelWorkspace[];
  calls: Call[];
  query: AutomationApp['query'];
  close(): Promise<void>;
}

export async function openWorld(database: TestDatabase, workspaces: number, random: SeededRandom): Promise<ModelWorld> {
  const source = await sampleDataSource(database.url, { synchronize: true }).initialize();
  await seedUsers(source, 'acme');
  await source.destroy();
  const calls: Call[] = [];
  const scripts = new Map<string, Script>();
  const scriptOf = (workspaceId: string): Script => scripts.get(workspaceId) ?? { call: [], write: [] };
  const first = await startNode('a', database, calls, scriptOf);
  const second = await startNode('b', database, calls, scriptOf);
  const { app } = first;
  for (const statement of HISTORY_OF_EVERYTHING) await app.query(statement);
  const world: ModelWorld = {
    nodes: [first, second],
    workspaces: [],
    calls,
    query: app.query,
    async close() {
      await second.app.close();
      await first.app.close();
      await database.drop();
    },
  };
  for (let number = 0; number < workspaces; number += 1) {
    const id = `w${number}`;
    const admin: Caller = { userId: 'admin', name: 'Admin', workspaceId: id, permissions: ['view', 'operate', 'manage', 'tasks'] };
    const defined =
      number % MACHINE_EVERY === MACHINE_EVERY - 1 ? await defineMachine(app, random, admin) : await defineWorkflow(app, random, admin);
    const script: Script = { call: [], write: [] };
    scripts.set(id, script);
    world.workspaces.push({ id, admin, ...defined, script });
  }
  return world;
}

type Defined = Pick<ModelWorkspace, 'kind' | 'definedId' | 'definitions'>;

async function defineWorkflow({ workflows }: AutomationApp, random: SeededRandom, admin: Caller): Promise<Defined> {
  const definition = randomDefinition(random);
  const { id, problems } = await workflows.create({ name: `Workflow of ${admin.workspaceId}`, definition: definition as never }, admin);
  if (problems.length > 0) throw new Error(`a random definition has problems: ${JSON.stringify([definition, problems])}`);
  await workflows.publish(id, admin);
  return { kind: 'workflow', definedId: id, definitions: new Map([['', definition]]) };
}

async function defineMachine({ module }: AutomationApp, random: SeededRandom, admin: Caller): Promise<Defined> {
  const machines = module.get(MachineService);
  const definition = randomMachine(random) as never;
  const { id, problems } = await machines.create({ name: `Machine of ${admin.workspaceId}`, definition }, admin);
  if (problems.length > 0) throw new Error(`a random machine has problems: ${JSON.stringify([definition, problems])}`);
  await machines.publish(id, admin);
  const definitions = new Map(transitionVersions(definition).map(({ transition, definition: steps }) => [transition, steps]));
  return { kind: 'machine', definedId: id, definitions };
}

async function startNode(
  name: string,
  database: TestDatabase,
  calls: Call[],
  scriptOf: (workspaceId: string) => Script,
): Promise<ModelNode> {
  const worker = { enabled: false, concurrency: CONCURRENCY };
  const app = await startAutomationApp({ actions: scriptedActions(name, calls, scriptOf), worker }, { database });
  // Its heartbeat would come by the wall clock; here nothing happens that no command asks for.
  await app.module.get(AutomationEngine).stop();
  const router = app.module.get(Router);
  const due = app.module.get(DueRunsQueue);
  const runs = app.module.get(RunDriver);
  const timeouts = app.module.get(StateTimeouts);
  // A driver that was stopped takes nothing on.
  runs.open();
  const waiting = (): number => calls.filter((call) => call.node === name && call.ending === null).length;
  return {
    name,
    app,
    async route() {
      await timeouts.round();
      await router.route();
    },
    async work() {
      await due.queue(() => runs.heldIds);
      await runs.tick();
    },
    heartbeat: () => runs.heartbeat(),
    get holding() {
      return runs.holding;
    },
    async giveBack() {
      await runs.drain(0);
      runs.open();
    },
    async quiet() {
      while (runs.underWay !== waiting()) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Leads for the records of a group of sequences. */
export async function insertLeads(world: ModelWorld, leads: readonly { id: string; workspaceId: string }[]): Promise<void> {
  const rows = leads.map((lead) => ({ ...lead, name: 'Ada' }));
  await world.nodes[0].app.source.manager.insert(Lead, rows);
}

/** Notes every change that commits, in its order: between two looks a run may have gone through several states. */
const HISTORY_OF_EVERYTHING = [
  `CREATE TABLE run_history (n bigserial, workspace_id text, run_id uuid, was text, status text, fence_was integer, fence integer,
     due boolean, finished boolean, only_retried boolean)`,
  `CREATE TABLE step_history (n bigserial, workspace_id text, run_id uuid, path text, attempt integer, was text, status text,
     same boolean)`,
  `CREATE FUNCTION note_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO run_history (workspace_id, run_id, was, status, fence_was, fence, due, finished, only_retried) VALUES
       (NEW.workspace_id, NEW.id, CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, NEW.status, CASE TG_OP WHEN 'UPDATE' THEN OLD.fence END,
        NEW.fence, NEW.due_at IS NOT NULL, NEW.finished_at IS NOT NULL,
        CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) - 'retried_as' = to_jsonb(NEW) - 'retried_as' END);
     RETURN NULL; END $$`,
  `CREATE TRIGGER note_run AFTER INSERT OR UPDATE ON automation.runs FOR EACH ROW EXECUTE FUNCTION note_run()`,
  `CREATE FUNCTION note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO step_history (workspace_id, run_id, path, attempt, was, status, same) VALUES
       (NEW.workspace_id, NEW.run_id, NEW.path, NEW.attempt, CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, NEW.status,
        CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) - 'superseded' = to_jsonb(NEW) - 'superseded' END);
     RETURN NULL; END $$`,
  `CREATE TRIGGER note_step AFTER INSERT OR UPDATE ON automation.step_executions FOR EACH ROW EXECUTE FUNCTION note_step()`,
];
