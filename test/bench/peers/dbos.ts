import { applies, assignOwner, createTask, type LeadRecord, moveStage, type Query, throughPg } from './actions.js';
import { type Peer, type PeerContext, type PeerSession, type Settings, until } from './peer.js';

interface Dbos {
  setConfig(config: object): void;
  registerWorkflow(work: (lead: LeadRecord) => Promise<void>, options: { name: string }): unknown;
  registerQueue(name: string, options: object): Promise<unknown>;
  runStep<T>(work: () => Promise<T>, options: { name: string }): Promise<T>;
  launch(): Promise<void>;
  shutdown(options?: object): Promise<void>;
}
interface Client {
  registerQueue(name: string, options: object): Promise<unknown>;
  enqueue(options: object, lead: LeadRecord): Promise<unknown>;
  destroy(): Promise<void>;
}
interface Sdk {
  DBOS: Dbos;
  DBOSClient: { create(options: object): Promise<Client> };
}
interface DataSource {
  client: { unsafe(text: string, values: string[], options: { prepare: boolean }): Promise<object[]> };
  runTransaction<T>(work: () => Promise<T>, options: { name: string }): Promise<T>;
}

/** Runs one action as a durable step. */
type DurableStep = <T>(name: string, action: (query: Query) => Promise<T>) => Promise<T>;

const SDK = { '@dbos-inc/dbos-sdk': '5.3.0' };
const QUEUE = 'leads';
const candidates: readonly Settings[] = [
  { workerConcurrency: 32, minPollingIntervalMs: 10 },
  { workerConcurrency: 100, minPollingIntervalMs: 10 },
  { workerConcurrency: 200, minPollingIntervalMs: 10 },
  { minPollingIntervalMs: 100 },
];

export const dbos: Peer = {
  name: 'DBOS, steps',
  kind: 'engine',
  folder: 'dbos',
  packages: SDK,
  does: 'three `DBOS.runStep`, each with its write on plain `pg`',
  candidates,
  open: (context) =>
    openDbos(context, ({ DBOS }) => {
      const query = throughPg(context.pool);
      return (name, action) => DBOS.runStep(() => action(query), { name });
    }),
};

export const dbosTransactional: Peer = {
  name: 'DBOS, transactional steps',
  kind: 'engine',
  folder: 'dbos-datasource',
  // The data source of this version calls what SDK 5 no longer has; the two are released together.
  packages: { '@dbos-inc/dbos-sdk': '4.24.16', '@dbos-inc/postgres-datasource': '4.24.16' },
  does: 'three `dataSource.runTransaction`: the write and its checkpoint in one transaction',
  candidates,
  async open(context) {
    const { PostgresDataSource } = await context.packages.load<{
      PostgresDataSource: new (name: string, options: object) => DataSource;
    }>('@dbos-inc/postgres-datasource');
    const { hostname, port, username, password, pathname } = new URL(context.url);
    const source = new PostgresDataSource('crm', {
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
      max: 8,
      onnotice: () => undefined,
    });
    const query: Query = ({ text }, values) => source.client.unsafe(text, values, { prepare: true });
    return openDbos(context, () => (name, action) => source.runTransaction(() => action(query), { name }));
  },
};

async function openDbos({ url, settings, packages, pool }: PeerContext, durableStep: (sdk: Sdk) => DurableStep): Promise<PeerSession> {
  const sdk = await packages.load<Sdk>('@dbos-inc/dbos-sdk');
  const { DBOS, DBOSClient } = sdk;
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: url, systemDatabasePoolSize: 20, logLevel: 'error', applicationVersion: '1' });
  const step = durableStep(sdk);
  let handled = 0;
  DBOS.registerWorkflow(
    async (lead) => {
      if (applies(lead)) {
        const ownerId = await step('owner', (query) => assignOwner(query, lead));
        await step('call', (query) => createTask(query, lead, ownerId));
        await step('stage', (query) => moveStage(query, lead));
      }
      handled += 1;
    },
    { name: 'leadCreated' },
  );
  // Makes DBOS's tables; the queue is registered, and so worked on, only by `work`.
  await DBOS.launch();
  await DBOS.shutdown();
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: 'bench' });
  return {
    async enqueue(leads) {
      for (let from = 0; from < leads.length; from += 10) {
        await Promise.all(
          leads
            .slice(from, from + 10)
            .map((lead) => client.enqueue({ queueName: QUEUE, workflowName: 'leadCreated', appVersion: '1' }, lead)),
        );
      }
      await pool.query('ANALYZE dbos.workflow_status');
    },
    async work(count) {
      handled = 0;
      await client.registerQueue(QUEUE, settings);
      await DBOS.launch();
      await until(() => handled >= count);
      await until(async () => {
        const { rows } = await pool.query(`SELECT count(*)::int AS open FROM dbos.workflow_status WHERE status <> 'SUCCESS'`);
        return (rows[0] as { open: number }).open === 0;
      });
    },
    pause: () => DBOS.shutdown(),
    close: () => client.destroy(),
  };
}
