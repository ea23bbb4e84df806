import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http2';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/demo/free-port.js';
import { inParallel } from '../support.js';
import { applies, assignOwner, createTask, type LeadRecord, moveStage, throughPg } from './actions.js';
import { NotRunnableError, type Peer, until } from './peer.js';

interface Context {
  run<T>(name: string, action: () => Promise<T>): Promise<T>;
}
interface Sdk {
  service(definition: { name: string; handlers: Record<string, (context: Context, lead: LeadRecord) => Promise<void>> }): object;
  endpoint(): { bind(service: object): { http2Handler(): Parameters<typeof createServer>[1] } };
}

/** How long a thousand invocations take to be accepted, at most: what is sent is due only after that. */
const ACCEPTED_IN_MS = 2_500;

export const restate: Peer = {
  name: 'Restate',
  kind: 'engine',
  folder: 'restate',
  // SDK 1.17 calls Promise.withResolvers for each invocation, which Node 20 does not have; 1.14 works with server 1.7 too.
  packages: { '@restatedev/restate-server': '1.7.12', '@restatedev/restate-sdk': '1.14.5' },
  does: 'three `ctx.run`, each with its write on plain `pg`; one server with a log of its own on the same disk',
  candidates: [{ partitions: 24 }, { partitions: 4 }],
  async open({ settings, packages, pool }) {
    const sdk = await packages.load<Sdk>('@restatedev/restate-sdk');
    const server = await startServer(packages.folder, Number(settings.partitions));
    const query = throughPg(pool);
    let handled = 0;
    const service = sdk.service({
      name: 'leads',
      handlers: {
        created: async (context, lead) => {
          if (applies(lead)) {
            const ownerId = await context.run('owner', () => assignOwner(query, lead));
            await context.run('call', () => createTask(query, lead, ownerId));
            await context.run('stage', () => moveStage(query, lead));
          }
          handled += 1;
        },
      },
    });
    const endpoint = createServer(sdk.endpoint().bind(service).http2Handler());
    const port = await freePort();
    await new Promise<void>((resolve) => endpoint.listen(port, '127.0.0.1', resolve));
    await post(`${server.admin}/deployments`, { uri: `http://127.0.0.1:${port}` });
    return {
      // Restate calls the service as soon as it knows of an invocation. A backlog is therefore sent for a moment when all
      // of it has been accepted; the clock starts then.
      async enqueue(leads) {
        handled = 0;
        const due = Date.now() + 2_000 + (leads.length / 1_000) * ACCEPTED_IN_MS;
        await inParallel(leads, 32, async (lead) => {
          await post(`${server.ingress}/leads/created/send?delay=${Math.max(1, due - Date.now())}ms`, lead);
        });
        if (handled > 0) throw new Error(`accepting ${leads.length} invocations took longer than planned: the first ones are done already`);
        await new Promise((resolve) => setTimeout(resolve, due - Date.now()));
      },
      async work(count) {
        await until(() => handled >= count);
        const open = `SELECT count(*) AS open FROM sys_invocation WHERE status <> 'completed'`;
        await until(async () => {
          const { rows } = (await post(`${server.admin}/query`, { query: open })) as { rows: { open: number }[] };
          return rows[0]?.open === 0;
        });
      },
      pause: async () => undefined,
      async close() {
        await server.stop();
        await new Promise((resolve) => endpoint.close(resolve));
      },
    };
  },
};

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Restate answered ${response.status} to ${new URL(url).pathname}: ${text.slice(0, 200)}`);
  return text === '' ? null : JSON.parse(text);
}

async function startServer(packages: string, partitions: number): Promise<{ ingress: string; admin: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-crm-automation-bench-restate-'));
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const binary = join(packages, 'node_modules', '@restatedev', `restate-server-${platform()}-${arch()}`, 'bin', 'restate-server');
  const child = spawn(binary, ['--base-dir', folder, '--node-name', 'bench', '--no-logo'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_PORT: String(node),
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
      RESTATE_DEFAULT_NUM_PARTITIONS: String(partitions),
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `code ${code ?? signal}`;
  });
  const healthy = (url: string, path: string): Promise<boolean> =>
    fetch(`${url}${path}`).then(
      (response) => response.ok,
      () => false,
    );
  const urls = { ingress: `http://127.0.0.1:${ingress}`, admin: `http://127.0.0.1:${admin}` };
  await until(async () => {
    if (ended) throw new NotRunnableError(`restate-server ended at its start: ${ended}`);
    return (await healthy(urls.ingress, '/restate/health')) && (await healthy(urls.admin, '/health'));
  });
  return {
    ...urls,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
