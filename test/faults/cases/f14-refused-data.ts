import { startAutomationApp } from '../../support/automation-app.js';
import { Lead, sampleDataSource } from '../../support/sample-crm.js';
import { tryEventDoors } from '../hostile-data/event-doors.js';
import { tryHttpDoors } from '../hostile-data/http-doors.js';
import { hostileActions, hostileReceiver, tryStepDoors } from '../hostile-data/step-doors.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { LabDatabase } from '../support/lab-database.js';

const TRIGGER = { type: 'event', module: 'leads', event: 'created' };
/** One that runs and one whose explanation holds what it saw. */
const WORKFLOWS = [
  { trigger: TRIGGER, steps: [{ id: 'note', type: 'create_task', with: { title: 'A lead' } }] },
  {
    trigger: TRIGGER,
    conditions: {
      any: [
        { field: 'name', operator: 'equals', value: 'nobody' },
        { field: 'previous.name', operator: 'contains', value: 'x' },
        { field: 'amount', operator: 'greater_than', value: 3 },
      ],
    },
    steps: [{ id: 'note', type: 'create_task', with: { title: 'A lead' } }],
  },
];

/** What Postgres, JSON or a careless program chokes on, through every door into events and log: nothing is lost, nothing stands still. */
export const refusedData: FaultCase = {
  id: 'F14',
  title: 'data that Postgres refuses, by every door',
  short: true,
  postgres: 'shared',
  async run(lab, scale) {
    const receiver = await hostileReceiver();
    // Beside the lab's own, on its server: a CRM of its own whose actions misbehave.
    const database = await LabDatabase.create(lab.database.url);
    const source = await sampleDataSource(database.url, { synchronize: true }).initialize();
    await source.destroy();
    const app = await startAutomationApp(
      { actions: hostileActions, outbound: { allow: [`127.0.0.1:${receiver.port}`] } },
      { database, emitter: true },
    );
    try {
      const steps = await tryStepDoors(app, receiver, scale);
      await app.source.manager.insert(Lead, { id: 'r', workspaceId: 'acme', name: 'Ada' });
      for (const definition of WORKFLOWS) await app.publishWorkflow(definition);
      const events = await tryEventDoors(app, scale);
      await app.automation.drain();
      const lost = await app.query(
        `SELECT event_id, error FROM (SELECT id AS event_id, error FROM automation.events WHERE routed_at IS NULL OR error IS NOT NULL
           UNION ALL SELECT event_id, error FROM automation.runs WHERE status IN ('queued', 'running', 'waiting')) AS unfinished`,
      );
      const http = await tryHttpDoors(lab.database);
      const unrouted = await lab.database.query('SELECT id, error FROM automation.events WHERE error IS NOT NULL');
      return {
        ...emptyResult(),
        inflicted: events.captured + events.refused + steps.runs + http.requests,
        runs: steps.runs,
        lost: lost.length + unrouted.length,
        notes: [
          `events: ${events.captured} captured, ${events.refused} refused with a code before anything was written; records over HTTP: ${http.taken} taken, ${http.requests - http.taken} refused with 400 or 413`,
          `${steps.runs} runs whose actions answered with it or failed with it`,
        ],
        violations: [
          ...[...events.violations, ...steps.violations, ...http.violations],
          ...[...lost, ...unrouted].map((row) => `not routed, or not over: ${JSON.stringify(row)}`),
        ],
      };
    } finally {
      await app.close();
      await receiver.close();
      await database.drop();
    }
  },
};
