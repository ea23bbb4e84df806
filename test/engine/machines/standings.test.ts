import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { PreviewService } from '../../../src/admin/preview-service.js';
import { ADMIN, type AutomationApp, startAutomationApp } from '../../support/automation-app.js';

const CREATED = { type: 'event', module: 'leads', event: 'created' };

describe('where a record stands in a state machine', () => {
  let app: AutomationApp;
  beforeAll(async () => {
    app = await startAutomationApp();
    // A machine of the code `nurturing`, and one of another workspace that is called the same.
    for (const workspace of ['acme', 'rival']) {
      const id = uuidv7();
      await app.query(
        `INSERT INTO automation.workflows (workspace_id, id, kind, code, name, draft, problems, trigger, status)
         VALUES ($1, $2, 'machine', 'nurturing', 'Nurturing', '{}', '[]', '{}', 'active')`,
        [workspace, id],
      );
      await app.query(
        `INSERT INTO automation.instances (workspace_id, id, machine_id, version_id, module, record_id, state, is_final, entered_at)
         SELECT $1, gen_random_uuid(), $2, $2, 'leads', record, $3, false, '2026-01-02T03:04:05Z' FROM unnest($4::text[]) AS record`,
        [workspace, id, workspace === 'acme' ? 'HOT' : 'COLD', [HOT, OTHER].slice(0, workspace === 'acme' ? 1 : 2)],
      );
    }
  });
  afterAll(() => app.close());

  const [HOT, OTHER] = [uuidv7(), uuidv7()];

  it('is asked by conditions, and read by templates; a record without an instance stands nowhere', async () => {
    const conditions = { field: 'machine.nurturing.state', operator: 'equals', value: 'HOT' };
    const hot = await app.publishWorkflow({
      trigger: CREATED,
      conditions,
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Since {{machine.nurturing.since}}: {{machine.nurturing.state}}' } }],
    });
    const cold = await app.publishWorkflow({
      trigger: CREATED,
      conditions: { field: 'machine.nurturing.state', operator: 'is_empty' },
      steps: [{ id: 'task', type: 'create_task', with: { title: 'Nowhere: "{{default machine.nurturing.state "nothing"}}"' } }],
    });
    await app.createLead({ id: HOT });
    await app.createLead({ id: OTHER });
    await app.automation.drain();
    const titles = async (workflowId: string) =>
      (await app.runsOf({ workflowId })).map(({ recordId, status, steps }) => [recordId, status, steps[0]?.input?.title ?? null]);
    expect(await titles(hot)).toEqual([
      [HOT, 'succeeded', 'Since 2026-01-02T03:04:05.000Z: HOT'],
      [OTHER, 'skipped', null],
    ]);
    expect(await titles(cold)).toEqual([
      [HOT, 'skipped', null],
      [OTHER, 'succeeded', 'Nowhere: "nothing"'],
    ]);
    const preview = await app.module.get(PreviewService).evaluate({ module: 'leads', conditions, subject: { recordId: HOT } }, ADMIN);
    expect(preview.explanation).toMatchObject({ result: true });
  });

  it('is what the machine tells: other members are refused when the workflow is saved', async () => {
    const definition = {
      trigger: CREATED,
      conditions: { field: 'machine.nurturing.stat', operator: 'equals', value: 'HOT' },
      steps: [{ id: 'task', type: 'create_task', with: { title: '{{machine.nurturing.state.code}}' } }],
    };
    const { problems } = await app.workflows.create({ name: 'Typo', definition: definition as never }, ADMIN);
    expect(problems.map(({ path, message }) => [path, message])).toEqual([
      ['conditions.field', 'There is no "machine.nurturing.stat".'],
      ['steps[0].with.title', 'There is no "machine.nurturing.state.code".'],
    ]);
  });
});
