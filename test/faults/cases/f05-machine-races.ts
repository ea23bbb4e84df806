import { setTimeout as pause } from 'node:timers/promises';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { WakeUp } from '../../../src/engine/wake-up.js';
import { type JsonObject, MachineService } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import type { FaultLab } from '../support/fault-lab.js';
import { type Answer, type Nodes, side, tally } from './f05-nodes.js';
import { AT_ONCE, createLeads, expectNone, one, type Race, raceOf, settle } from './f05-race.js';

const COUNT = { type: 'change_field', with: { field: 'amount', increment: 1 } };
const TASK = { type: 'create_task', with: { title: 'Call {{record.name}}' } };
/** Until when a worker may have taken up a run that was just made, and ended it. */
const MEANWHILE_MS = 100;
/** What people hear whom somebody else was faster than. */
const TOO_LATE = ['transition_not_offered', 'instance_transitioning', 'instance_moved'];

/** Everything that may move an instance, at the same moment: one of it does. */
export async function machineRaces(lab: FaultLab, nodes: Nodes, count: number): Promise<Race[]> {
  return [await advances(lab, nodes, count), await timeoutsAgainstPeople(lab, nodes, count), await resetsAgainstRuns(lab, nodes, count)];
}

/** Half of the nodes fire one transition, the others another: one of them fires, whether it has steps or not. */
async function advances(lab: FaultLab, nodes: Nodes, count: number): Promise<Race> {
  const race = raceOf('advance against advance', count);
  const ids = await instances(lab, race.name, count);
  const answers: Answer[] = [];
  const moved: { left: string[]; right: string[] } = { left: [], right: [] };
  await side(ids, AT_ONCE, async (id) => {
    const transitionOf = (asker: number): 'left' | 'right' => (asker % 2 === 0 ? 'left' : 'right');
    const given = await Promise.all(
      Array.from({ length: Math.max(4, nodes.count) }, (_, asker) =>
        nodes.ask(asker, 'POST', `instances/${id}/advance`, { transition: transitionOf(asker) }),
      ),
    );
    answers.push(...given);
    one(race, id, given, TOO_LATE);
    moved[transitionOf(given.findIndex(({ code }) => code === 'ok'))].push(id);
  });
  await settle(lab, race);
  await expectMoved(lab, race, { LEFT: moved.left, RIGHT: moved.right });
  race.said = tally(answers);
  return race;
}

/** Timeouts of states that are all due at the moment when people fire something else, some of them on two nodes at once. */
async function timeoutsAgainstPeople(lab: FaultLab, nodes: Nodes, count: number): Promise<Race> {
  const race = raceOf('timeout against advance', count);
  const ids = await instances(lab, race.name, count);
  const answers: Answer[] = [];
  const left: string[] = [];
  await lab.database.query('UPDATE automation.instances SET timeout_at = now() WHERE id = ANY($1)', [ids]);
  lab.crm.context.get(WakeUp, { strict: false }).announce('timing');
  // From the end: what the nodes come to last.
  await side([...ids].reverse(), AT_ONCE, async (id, index) => {
    const given = await Promise.all(
      [0, 1].map((more) => nodes.ask(index + more, 'POST', `instances/${id}/advance`, { transition: 'left' })),
    );
    answers.push(...given);
    if (one(race, id, given, TOO_LATE, 0) === 1) left.push(id);
  });
  await eventually(async () => {
    const { waiting } = await lab.database.one<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM automation.instances WHERE id = ANY($1) AND timeout_at IS NOT NULL',
      [ids],
    );
    if (waiting > 0) throw new Error(`${waiting} timeouts have not fired`);
  }, 60_000);
  await settle(lab, race);
  await expectMoved(lab, race, { LEFT: left, LAPSED: ids.filter((id) => !left.includes(id)) });
  race.said = { ...tally(answers), 'timed out': count - left.length };
  return race;
}

/** Two nodes reset an instance whose transition is about to end with its run: the transition ends, or one reset takes its place. */
async function resetsAgainstRuns(lab: FaultLab, nodes: Nodes, count: number): Promise<Race> {
  const race = raceOf('reset against the end of a transition', count);
  const ids = await instances(lab, race.name, count);
  const answers: Answer[] = [];
  const reset: string[] = [];
  await side(ids, AT_ONCE, async (id, index) => {
    const { code } = await nodes.ask(index, 'POST', `instances/${id}/advance`, { transition: 'right' });
    if (code !== 'ok') race.violations.push(`${id}: was not advanced: ${code}`);
    await pause(lab.random.between(0, MEANWHILE_MS));
    const command = { state: 'LEFT', reason: 'Too early', entry: 1 };
    const given = await Promise.all([0, 1].map((more) => nodes.ask(index + more, 'POST', `instances/${id}/reset`, command)));
    answers.push(...given);
    if (one(race, id, given, ['instance_moved'], 0) === 1) reset.push(id);
  });
  await settle(lab, race);
  await expectMoved(lab, race, { LEFT: reset, RIGHT: ids.filter((id) => !reset.includes(id)) });
  race.said = { ...tally(answers), 'gone on': count - reset.length };
  return race;
}

/** Instances of new leads, at rest where they begin. */
async function instances(lab: FaultLab, company: string, count: number): Promise<string[]> {
  const machines = lab.crm.context.get(MachineService);
  const { id: machineId } = await machines.create({ name: company, definition: machineFor(company) }, adminOf('acme'));
  await machines.publish(machineId, adminOf('acme'));
  await createLeads(lab, company, count);
  return eventually(async () => {
    const rows = await lab.database.query<{ id: string }>('SELECT id FROM automation.instances WHERE machine_id = $1 ORDER BY id', [
      machineId,
    ]);
    if (rows.length !== count) throw new Error(`${rows.length} of ${count} instances were made`);
    return rows.map(({ id }) => id);
  }, 60_000);
}

function machineFor(company: string): JsonObject {
  const from = ['NEW'];
  return {
    for: { module: 'leads' },
    start: {
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { field: 'company', operator: 'equals', value: company },
    },
    states: [
      { code: 'NEW', initial: true, timeout: { after: 'PT48H', transition: 'lapse' } },
      { code: 'LEFT', final: true },
      { code: 'RIGHT', final: true },
      { code: 'LAPSED', final: true },
    ],
    transitions: [
      { code: 'left', from, to: 'LEFT', trigger: { type: 'manual' }, steps: [] },
      {
        code: 'right',
        from,
        to: 'RIGHT',
        trigger: { type: 'manual' },
        steps: [
          { id: 'count', ...COUNT },
          { id: 'task', ...TASK },
        ],
      },
      { code: 'lapse', from, to: 'LAPSED', trigger: { type: 'timeout' }, steps: [{ id: 'note', ...COUNT }] },
    ],
  };
}

/** Each instance has entered one state, the one that was decided, with the effects of that alone; and was counted there. */
async function expectMoved(lab: FaultLab, race: Race, decided: Record<string, readonly string[]>): Promise<void> {
  for (const [state, ids] of Object.entries(decided)) {
    await expectNone(
      lab,
      race,
      `are not ${state}, or came there otherwise than once`,
      `SELECT i.id FROM automation.instances i JOIN leads l ON l.id::text = i.record_id WHERE i.id = ANY($1) AND (
         i.state <> $2 OR i.entry <> 2 OR i.transition IS NOT NULL OR i.timeout_at IS NOT NULL
         OR (SELECT count(*) FROM automation.transitions t WHERE t.instance_id = i.id AND t.kind IN ('fired', 'reset')) <> 1
         OR l.amount <> CASE $2 WHEN 'LEFT' THEN 0 ELSE 1 END
         OR (SELECT count(*) FROM tasks t WHERE t."relatedId" = l.id) <> CASE $2 WHEN 'RIGHT' THEN 1 ELSE 0 END)`,
      [ids, state],
    );
  }
  await expectNone(
    lab,
    race,
    'states are miscounted',
    `SELECT state AS id FROM (SELECT machine_id, state, 1 AS n FROM automation.instances
       UNION ALL SELECT machine_id, state, -instances FROM automation.instance_counts) AS all_of GROUP BY machine_id, state HAVING sum(n) <> 0`,
    [],
  );
}
