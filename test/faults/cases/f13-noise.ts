import { adminOf } from '../../../src/demo/access/tokens.js';
import { type JsonObject, WorkflowService } from '../../../src/index.js';
import type { FaultLab } from '../support/fault-lab.js';
import { markCommits, trickle } from '../support/neighbour.js';
import { inWords, quantile } from '../support/quantile.js';
import { onCompany, publishAtOnce } from './f13-burst.js';

/** How many times slower a neighbour may get. */
const MOST_RATIO = 2;
/** The far side that the noisy workspace calls. */
const SLOW_MS = 1_000;

/** One kind of noise: its events at once, and what they and the neighbour's run do. */
interface Noise {
  name: string;
  events: number;
  step: JsonObject;
  neighbour: JsonObject;
}

/** What was measured of one kind of noise. */
export interface NoiseResult {
  runs: number;
  notes: string[];
  violations: string[];
}

/**
 * A steady trickle of one workspace, measured from the commit of its event to the commit of its run's end; in turns alone
 * and beside a workspace that floods, on the same workers.
 */
export async function noisyNeighbour(
  lab: FaultLab,
  size: { rounds: number; trickle: number; events: number; calls: number },
): Promise<NoiseResult[]> {
  await markCommits(lab);
  lab.https.answer((request, response) => {
    const slow = request.url.endsWith('/slow');
    setTimeout(() => response.writeHead(200).end(), slow ? SLOW_MS : 0);
  });
  const task = (title: string): JsonObject => ({ id: 'task', type: 'create_task', with: { title } });
  const hook = (path: string): JsonObject => ({ id: 'hook', type: 'webhook', with: { url: `${lab.https.url}${path}`, body: {} } });
  const kinds: Noise[] = [
    { name: 'a flood of local runs', events: size.events, step: task('Noise'), neighbour: task('Call') },
    { name: 'a flood of slow calls', events: size.calls, step: hook('/slow'), neighbour: hook('') },
  ];
  const results: NoiseResult[] = [];
  for (const kind of kinds) results.push(await measure(lab, kind, size));
  return results;
}

async function measure(lab: FaultLab, noise: Noise, size: { rounds: number; trickle: number }): Promise<NoiseResult> {
  const flooding = await lab.crm.publishWorkflow(onCompany(noise.name, [noise.step]), noise.name);
  const workflows = lab.crm.context.get(WorkflowService);
  const rival = adminOf('rival');
  const { id } = await workflows.create({ name: noise.name, definition: onCompany(noise.name, [noise.neighbour]) }, rival);
  await workflows.publish(id, rival);
  // Compiled, connected and warm on every worker, before anything is measured.
  const { rounds } = size;
  await trickle(lab, noise.name, size.trickle / 2);
  await lab.database.settle();
  const violations: string[] = [];
  const quiet: number[] = [];
  const noisy: number[] = [];
  let leftOver = 0;
  for (let round = 1; round <= rounds; round += 1) {
    quiet.push(...(await trickle(lab, noise.name, size.trickle)));
    await publishAtOnce(lab, 'acme', noise.name, noise.events);
    noisy.push(
      ...(await trickle(lab, noise.name, size.trickle, async () => {
        leftOver += await backlog(lab);
      })),
    );
    const open = await lab.database.settle(300_000);
    if (open !== null) violations.push(open);
  }
  await workflows.pause(id, rival);
  await workflows.pause(flooding, adminOf('acme'));
  const [alone, beside] = [quantile(quiet, 0.95), quantile(noisy, 0.95)];
  const ratio = alone === null || beside === null ? Number.POSITIVE_INFINITY : beside / alone;
  if (ratio > MOST_RATIO) {
    violations.push(`${noise.name}: another workspace's p95 is ${ratio.toFixed(1)} times what it is without; ${MOST_RATIO} at the most`);
  }
  if (leftOver === 0) violations.push(`${noise.name}: the noise was over before the trickle was: nothing was shown`);
  const p50 = `p50 ${inWords(quantile(quiet, 0.5))} / ${inWords(quantile(noisy, 0.5))}`;
  return {
    runs: quiet.length + noisy.length + rounds * noise.events,
    violations,
    notes: [
      `${noise.name} (${rounds} times ${noise.events}): another workspace alone / beside it: ${p50}, p95 ${inWords(alone)} / ${inWords(beside)}, ratio ${ratio.toFixed(1)}, of ${quiet.length} events each; ${Math.round(leftOver / rounds)} of the flood were left when the trickle ended`,
    ],
  };
}

/** What is left of the flood: events that are not routed and runs that are not over. */
async function backlog(lab: FaultLab): Promise<number> {
  const { left } = await lab.database.one<{ left: number }>(
    `SELECT ((SELECT count(*) FROM automation.events WHERE routed_at IS NULL AND workspace_id = 'acme')
       + (SELECT count(*) FROM automation.runs WHERE status IN ('queued', 'running', 'waiting') AND workspace_id = 'acme'))::int AS left`,
  );
  return left;
}
