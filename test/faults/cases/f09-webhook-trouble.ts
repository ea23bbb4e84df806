import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../../src/demo/project-root.js';
import type { JsonObject } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { HTTP_TROUBLES, type HttpTroublemaker, httpTroublemaker } from '../peers/http-troublemaker.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import { type ShownRun, shownRuns } from '../support/shown-runs.js';

const PRELOAD = pathToFileURL(join(projectRoot(), 'dist-programs/test/faults/programs/memory-log.js')).href;
/** What one call may take; and what may come around it on a busy machine, from the intent's transaction to the result's. */
const MOST_SECONDS = 15;
const TOLERANCE_SECONDS = 5;
const MOST_MEMORY = 20 * 1024 * 1024;
const MOST_KEPT = 64 * 1024;
const MEMORY_SAMPLES = 10;

type Expected =
  /** The first attempt is the only one, and succeeds. */
  | { is: 'taken' }
  /** The first attempt fails with this code; the next one, with the same key, succeeds, after so many seconds at least. */
  | { is: 'repeated'; code: string; pauseSeconds?: number }
  /** The run fails with this code, after so many requests. */
  | { is: 'given up'; code: string; requests: number };

const EXPECTED: Record<string, Expected> = {
  '500': { is: 'repeated', code: 'webhook_unavailable' },
  '429': { is: 'repeated', code: 'webhook_rate_limited', pauseSeconds: 3 },
  '410': { is: 'given up', code: 'webhook_rejected', requests: 1 },
  hang: { is: 'repeated', code: 'outbound_timeout' },
  'slow-body': { is: 'repeated', code: 'outbound_timeout' },
  'slow-head': { is: 'repeated', code: 'outbound_timeout' },
  redirect: { is: 'given up', code: 'webhook_redirected', requests: 1 },
  'redirect-307': { is: 'given up', code: 'webhook_redirected', requests: 1 },
  gigabyte: { is: 'taken' },
  'gigabyte-of-an-error': { is: 'given up', code: 'webhook_rejected', requests: 1 },
  headers: { is: 'given up', code: 'outbound_response_invalid', requests: 1 },
  'gzip-bomb': { is: 'taken' },
  reset: { is: 'repeated', code: 'outbound_connection_failed' },
  'reset-in-body': { is: 'repeated', code: 'outbound_connection_failed' },
  expired: { is: 'given up', code: 'outbound_tls_failed', requests: 0 },
  otherHost: { is: 'given up', code: 'outbound_tls_failed', requests: 0 },
  untrusted: { is: 'given up', code: 'outbound_tls_failed', requests: 0 },
  canary: { is: 'given up', code: 'outbound_address_refused', requests: 0 },
};

/** A receiver in every kind of trouble, all at once, and a worker whose memory is watched. */
export const webhookTrouble: FaultCase = {
  id: 'F9',
  title: 'webhook: errors, silence, floods, bombs, bad certificates',
  short: false,
  postgres: 'shared',
  async run(lab) {
    const folder = await mkdtemp(join(tmpdir(), 'faults-memory-'));
    const receiver = await httpTroublemaker();
    try {
      const log = join(folder, 'memory');
      const workflowId = await lab.crm.publishWorkflow(WORKFLOW);
      const orders = { outboundAllow: receiver.hosts };
      // The module's own lease: collecting garbage all the time, it may stand still for longer than the lab's.
      const worker = { leaseMs: 30_000 };
      await lab.fleet.start({ worker, orders, env: { MEMORY_LOG: log }, execArgv: ['--expose-gc', '--import', PRELOAD] });
      // One call before the measuring: what is loaded at the first one is no leak.
      await lab.crm.createLead({ company: `${receiver.url}/fine` });
      await lab.database.settle();
      const before = await eventually(async () => enough(await samplesOf(log)));
      for (const company of targets(receiver)) await lab.crm.createLead({ company });
      const open = await lab.database.settle(60_000);
      const during = (await samplesOf(log)).slice(before.length);
      const runs = await shownRuns(lab, workflowId);
      const rows = Object.entries(EXPECTED).map(([trouble, expected]) => judge(trouble, expected, receiver, runs));
      const base = Math.max(...before.slice(-MEMORY_SAMPLES).map(({ used }) => used));
      const most = Math.max(...during.map(({ used }) => used));
      const rss = Math.max(...during.map((one) => one.rss)) - Math.max(...before.slice(-MEMORY_SAMPLES).map((one) => one.rss));
      return {
        ...emptyResult(),
        inflicted: rows.length,
        runs: runs.length,
        externalCalls: receiver.arrivals.total,
        externalDuplicates: receiver.arrivals.repeated.length,
        notes: [
          `memory in use after a collection: ${mb(base)} before, ${mb(most)} at most during (${mb(most - base)} more); of the process, garbage included, ${mb(rss)} more`,
          `connections to an address that is not allowed: ${receiver.canary.connections()}`,
          ...rows.map(({ told }) => told),
        ],
        violations: [
          ...(open === null ? [] : [open]),
          ...rows.flatMap(({ found }) => found),
          ...(during.length < MEMORY_SAMPLES ? ['the memory was not measured'] : []),
          ...(most - base > MOST_MEMORY ? [`the worker took ${mb(most - base)} more memory`] : []),
          ...(receiver.canary.connections() > 0 ? ['an address that is not allowed was connected to'] : []),
        ],
      };
    } finally {
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const WORKFLOW: JsonObject = {
  trigger: { type: 'event', module: 'leads', event: 'created' },
  steps: [
    {
      ...{ id: 'hook', type: 'webhook', with: { url: '{{record.company}}', body: { lead: '{{record.id}}' } } },
      retry: { maxAttempts: 2, initialInterval: 'PT0.1S', maxInterval: 'PT0.1S' },
    },
  ],
};

function urlOf(trouble: string, receiver: HttpTroublemaker): string {
  if (trouble === 'canary') return receiver.canary.url;
  if (trouble === 'expired' || trouble === 'otherHost' || trouble === 'untrusted') return receiver[trouble];
  return `${receiver.url}/${trouble}`;
}

function targets(receiver: HttpTroublemaker): string[] {
  const untold = HTTP_TROUBLES.filter((trouble) => !(trouble in EXPECTED));
  if (untold.length > 0) throw new Error(`nobody says what is right for ${untold}`);
  return Object.keys(EXPECTED).map((trouble) => urlOf(trouble, receiver));
}

function judge(
  trouble: string,
  expected: Expected,
  receiver: HttpTroublemaker,
  runs: readonly ShownRun[],
): { told: string; found: string[] } {
  const run = runs.find(({ steps }) => steps[0]?.input?.url === urlOf(trouble, receiver));
  const [first, second] = run?.steps ?? [];
  if (run === undefined || first === undefined) return { told: `${trouble}: no run`, found: [`${trouble}: there is no run`] };
  const found: string[] = [];
  const requests = receiver.arrivals.count(`${run.id}.hook`);
  const right = {
    taken: { code: null, run: 'succeeded', attempts: 1, requests: 1 },
    repeated: { code: 'code' in expected ? expected.code : '', run: 'succeeded', attempts: 2, requests: 2 },
    'given up': {
      code: 'code' in expected ? expected.code : '',
      run: 'failed',
      attempts: 1,
      requests: 'requests' in expected ? expected.requests : 0,
    },
  }[expected.is];
  const is = { code: first.error?.code ?? null, run: run.status, attempts: run.steps.length, requests };
  if (JSON.stringify(is) !== JSON.stringify(right)) found.push(`expected ${JSON.stringify(right)}, was ${JSON.stringify(is)}`);
  if (first.error && !first.error.hint) found.push('the error does not say what to do');
  if (first.seconds > MOST_SECONDS + TOLERANCE_SECONDS) found.push(`the attempt took ${first.seconds.toFixed(1)} s`);
  const kept = Buffer.byteLength(JSON.stringify([first.output?.body ?? null, first.error]));
  // Quotes around it and the error's own words.
  if (kept > MOST_KEPT + 1024) found.push(`${kept} bytes of the answer were kept`);
  if (trouble === 'gigabyte' && first.output?.truncated !== true) found.push('a gigabyte was kept whole');
  if (run.claims > run.steps.length) found.push(`the run was claimed ${run.claims} times for ${run.steps.length} attempts`);
  const pause = second ? (Date.parse(second.startedAt) - Date.parse(first.finishedAt)) / 1_000 : 0;
  if ('pauseSeconds' in expected && pause < (expected.pauseSeconds ?? 0)) found.push(`it came again after ${pause} s`);
  const again = second ? `, again after ${pause.toFixed(1)} s` : '';
  const told = `${trouble.padEnd(20)} ${is.code ?? 'taken'} after ${first.seconds.toFixed(1)} s${again}, ${requests} requests, ${kept} bytes kept, run ${run.status}`;
  return { told, found: found.map((one) => `${trouble}: ${one}`) };
}

interface Sample {
  used: number;
  rss: number;
}

async function samplesOf(file: string): Promise<Sample[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .map(([, used = 0, rss = 0]) => ({ used, rss }));
}

function enough(samples: Sample[]): Sample[] {
  if (samples.length < 2 * MEMORY_SAMPLES) throw new Error('not measured for long enough');
  return samples;
}

function mb(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
