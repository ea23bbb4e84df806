import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SearchResult } from '../../src/admin/search-service.js';
import { AutomationError } from '../../src/core/errors.js';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { sampleCrm } from '../support/sample-crm.js';
import { publishedWorkflow, rows, seedEvent, seedRun } from './support/seed.js';

const NOTHING = { run: null, event: null, workflows: [], records: [], note: null };
const LEAD = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a99';

describe('the search for what is behind a complaint', () => {
  let real: RealApp;
  beforeAll(async () => {
    real = await startRealApp();
    await rows(
      real.database,
      `INSERT INTO crm_leads (id, "workspaceId", name, email) VALUES ('l-1', 'acme', 'Bea Sample', 'bea@x.test'), ('l-2', 'rival', 'Bea Rival', 'bea@x.test'), ($1, 'acme', 'Zoe', null)`,
      [LEAD],
    );
    await rows(real.database, `INSERT INTO crm_accounts VALUES ('l-1', 'acme', 'Bea & Sons', null)`);
  });
  afterAll(() => real?.close());

  const search = async (q: string, token = 'viewer', more = ''): Promise<SearchResult> =>
    (await real.call('get', `/automation/search?q=${encodeURIComponent(q)}${more}`, token).expect(200)).body;

  it('finds a run, an event and a workflow by id, and nobody elses', async () => {
    const workflow = await publishedWorkflow(real as never);
    const eventId = await seedEvent(real.database);
    const runId = await seedRun(real.database, workflow, { event_id: eventId });
    expect(await search(runId)).toEqual({
      ...NOTHING,
      run: expect.objectContaining({ id: runId, status: 'failed', workflowName: 'Seeded' }),
    });
    expect(await search(` ${eventId.toUpperCase()} `)).toEqual({
      ...NOTHING,
      event: expect.objectContaining({ id: eventId, event: 'created' }),
    });
    expect((await search(eventId)).event).not.toHaveProperty('record');
    expect((await search(runId)).run).not.toHaveProperty('explanation');
    const recordId = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
    await seedEvent(real.database, { record_id: recordId, record: { id: recordId, name: 'Uma' } });
    expect((await search(recordId.toUpperCase())).records).toEqual([{ module: 'leads', id: recordId, title: 'Uma' }]);
    expect((await search(workflow.id.toUpperCase())).workflows).toMatchObject([{ id: workflow.id }]);
    expect(await search(workflow.id)).toEqual({
      ...NOTHING,
      workflows: [{ id: workflow.id, code: 'seeded', name: 'Seeded', status: 'active' }],
    });
    for (const id of [runId, eventId, workflow.id]) expect(await search(id, 'rival')).toEqual(NOTHING);
  });

  it('finds workflows by part of their name or code, those of that very name first, deleted ones last', async () => {
    const create = async (name: string) =>
      (await real.call('post', '/automation/workflows').send({ name, definition: {} }).expect(201)).body.id;
    const [first, second, gone] = [await create('Chase 100% now'), await create('Chase'), await create('Chase')];
    await real.call('delete', `/automation/workflows/${gone}`).expect(204);
    expect((await search('chase')).workflows.map(({ id, status }) => [id, status])).toEqual([
      [second, 'draft'],
      [gone, null],
      [first, 'draft'],
    ]);
    expect((await search('100%')).workflows).toMatchObject([{ id: first }]);
    expect((await search('%')).workflows).toMatchObject([{ id: first }]);
  });

  it('finds records by name, by e-mail address and by id, in every module', async () => {
    const bea = { module: 'leads', id: 'l-1', title: 'Bea Sample' };
    const sons = { module: 'accounts', id: 'l-1', title: 'Bea & Sons' };
    expect((await search('bea sam')).records).toEqual([bea]);
    expect((await search('BEA@x.test')).records).toEqual([bea]);
    expect((await search('bea')).records).toEqual([bea, sons]);
    expect((await search('bea', 'viewer', '&limit=1')).records).toEqual([bea]);
    expect((await search('l-1')).records).toEqual([bea, sons]);
    expect((await search(LEAD)).records).toEqual([{ module: 'leads', id: LEAD, title: 'Zoe' }]);
    expect((await search('bea', 'rival')).records).toEqual([{ module: 'leads', id: 'l-2', title: 'Bea Rival' }]);
  });

  it('finds a record that is gone by what has happened to it, once', async () => {
    await seedEvent(real.database, { record_id: 'gone-1', record: { id: 'gone-1', name: 'Old Friend' } });
    await seedEvent(real.database, { record_id: 'gone-2', record: null });
    await seedEvent(real.database, { record_id: 'l-1', record: { id: 'l-1', name: 'Bea Sample' } });
    await seedEvent(real.database, { record_id: 'hers', workspace_id: 'rival' });
    expect((await search('gone-1')).records).toEqual([{ module: 'leads', id: 'gone-1', title: 'Old Friend' }]);
    expect((await search('gone-2')).records).toEqual([{ module: 'leads', id: 'gone-2', title: 'gone-2' }]);
    expect((await search('l-1')).records).toHaveLength(2);
    expect((await search('hers')).records).toEqual([]);
  });

  it.each([['q='], ['q=%20'], ['q=a&q=b'], [''], [`q=${'a'.repeat(201)}`], ['q=a&limit=0'], ['q=a&workspaceId=rival']])(
    'refuses ?%s',
    async (query) => {
      expect((await real.call('get', `/automation/search?${query}`).expect(400)).body.code).toBe('invalid_request');
    },
  );

  it('finds nothing by what no value can hold', async () => {
    expect(await search("'; --")).toEqual(NOTHING);
    expect((await real.call('get', '/automation/search?q=%00')).status).toBe(400);
  });
});

it('says so where the CRM cannot be searched, or does not answer in time', async () => {
  let answer: 'none' | 'late' | 'broken' = 'late';
  const failing = Object.assign(sampleCrm(), {
    searchRecords: async () => {
      throw answer === 'late' ? new AutomationError('crm_timed_out', 'It took too long.') : new Error('broken');
    },
  });
  const real = await startRealApp({ crm: failing });
  await seedEvent(real.database, { record_id: 'known', record: { id: 'known', name: 'Known' } });
  const search = () => real.call('get', '/automation/search?q=known');
  expect((await search().expect(200)).body).toMatchObject({
    records: [{ title: 'Known' }],
    note: 'The CRM did not answer in time about leads, accounts, tasks: It took too long.',
  });
  answer = 'broken';
  expect((await search()).status).toBeGreaterThanOrEqual(422);
  await real.close();

  const plain = await startRealApp({ crm: Object.assign(sampleCrm(), { searchRecords: undefined }) });
  expect((await plain.call('get', '/automation/search?q=ann').expect(200)).body.note).toBe(
    'This CRM can be searched by the id of a record alone.',
  );
  await plain.close();
});
