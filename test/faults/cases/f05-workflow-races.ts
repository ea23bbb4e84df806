import type { JsonObject } from '../../../src/index.js';
import type { FaultLab } from '../support/fault-lab.js';
import { type Answer, type Nodes, tally } from './f05-nodes.js';
import type { Race } from './f05-race.js';

const NAME = 'publications';
/** After the last pause so many leads are created: nothing may start. */
const AFTER_PAUSE = 20;

/**
 * All nodes edit, publish and pause one workflow at the same time. Each edit is saved once, each published draft is one
 * version, and the versions are numbered without a gap; after the last Pause no node starts anything.
 */
export async function publicationRaces(lab: FaultLab, nodes: Nodes, count: number): Promise<Race> {
  const id = await lab.crm.publishWorkflow(definition(0), NAME);
  const answers: Answer[] = [];
  const violations: string[] = [];
  let edits = 0;
  for (let round = 1; round <= Math.ceil(count / nodes.count); round += 1) {
    const { body } = await nodes.ask(round, 'GET', `workflows/${id}`);
    const edited = await Promise.all(
      Array.from({ length: nodes.count }, (_, node) =>
        nodes.ask(node, 'PATCH', `workflows/${id}`, { revision: body.revision as number, definition: definition(round * 100 + node) }),
      ),
    );
    const saved = edited.filter(({ code }) => code === 'ok').length;
    if (saved !== 1) violations.push(`round ${round}: ${saved} edits of one revision were saved`);
    edits += saved;
    const decided = await Promise.all(
      Array.from({ length: nodes.count }, (_, node) =>
        nodes.ask(node, 'POST', `workflows/${id}/${node % 4 === 3 ? 'pause' : 'publish'}`, node % 4 === 3 ? undefined : {}),
      ),
    );
    answers.push(...edited, ...decided);
    const strange = [...edited, ...decided].find(({ code }) => !['ok', 'revision_conflict'].includes(code));
    if (strange) violations.push(`round ${round}: answered ${strange.status} ${JSON.stringify(strange.body)}`);
  }
  const versions = (
    await lab.database.query<{ version: number }>('SELECT version FROM automation.workflow_versions WHERE workflow_id = $1 ORDER BY 1', [
      id,
    ])
  ).map(({ version }) => version);
  if (versions.some((version, index) => version !== index + 1)) violations.push(`the versions are ${versions.join(', ')}`);
  if (versions.length !== edits + 1) violations.push(`${edits + 1} drafts were published as ${versions.length} versions`);
  const state = await lab.database.one<{ published: number; revision: number; logged: number }>(
    `SELECT published_version AS published, revision, (SELECT count(*)::int FROM automation.audit_log
       WHERE target_id = w.id AND action = 'workflow.published') AS logged FROM automation.workflows w WHERE id = $1`,
    [id],
  );
  if (state.published !== versions.length) violations.push(`version ${state.published} is published, not the newest of ${versions.length}`);
  if (state.logged !== versions.length) violations.push(`the audit log knows of ${state.logged} publications of ${versions.length}`);
  if (state.revision !== edits + 1) violations.push(`${edits} saved edits made revision ${state.revision}`);
  const started = await startedAfterPause(lab, nodes, id);
  if (started > 0) violations.push(`${started} runs were started after Pause`);
  return {
    name: NAME,
    races: answers.length,
    runs: 0,
    doubled: Math.max(0, versions.length - edits - 1),
    said: tally(answers),
    violations,
  };
}

async function startedAfterPause(lab: FaultLab, nodes: Nodes, id: string): Promise<number> {
  await nodes.ask(0, 'POST', `workflows/${id}/activate`);
  await nodes.askAll('POST', `workflows/${id}/pause`);
  const before = await lab.database.now();
  for (let lead = 0; lead < AFTER_PAUSE; lead += 1) await lab.crm.createLead({ company: NAME });
  await lab.database.settle();
  const { started } = await lab.database.one<{ started: number }>(
    'SELECT count(*)::int AS started FROM automation.runs WHERE workflow_id = $1 AND created_at > $2',
    [id, before],
  );
  return started;
}

function definition(number: number): JsonObject {
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'company', operator: 'equals', value: NAME },
    steps: [{ id: 'task', type: 'create_task', with: { title: `Draft ${number}` } }],
  };
}
