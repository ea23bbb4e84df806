import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';
import { publishedWorkflow } from './support/seed.js';

describe('what is wrong with a request', () => {
  let real: RealApp;
  let id: string;
  beforeAll(async () => {
    real = await startRealApp();
    ({ id } = await publishedWorkflow(real as never, {
      trigger: { type: 'manual' },
      steps: [{ id: 'a', type: 'create_task', with: { title: 'x' } }],
    }));
  });
  afterAll(() => real?.close());

  it.each<['get' | 'post' | 'patch', string, object | undefined, string, string, string?]>([
    [
      'patch',
      'workflows/:id',
      { name: 'New' },
      'revision',
      'revision is missing: send the one that your edit is based on, as `GET workflows/{id}` tells it',
    ],
    ['patch', 'workflows/:id', { revision: '1' }, 'revision', 'revision must be a whole number from 1 to 2147483647'],
    ['patch', 'workflows/:id', { revision: 1, nmae: 'x' }, 'nmae', 'nmae is not known here.', 'Did you mean "name"? Known are: revision, '],
    ['post', 'workflows', {}, 'name', 'name is missing'],
    ['post', 'workflows/:id/activate', { now: true }, 'now', 'now is not known here: this takes no body'],
    ['get', 'runs?limit=-1', undefined, 'limit', 'limit must be a whole number from 1 to 100'],
    ['get', 'runs?limit=1e3', undefined, 'limit', 'limit must be a whole number from 1 to 100'],
    ['get', 'runs?status=succeded', undefined, 'status', 'must be one of the following values', 'Did you mean "succeeded"?'],
    ['get', 'runs?workflow=1', undefined, 'workflow', 'workflow is not known here.', 'Did you mean "workflowId"?'],
    ['get', 'records?module=leads', undefined, 'search', 'give search, or ids'],
    ['post', 'runs/:id/retry', {}, 'from', 'from is missing: must be one of the following values: failed_step, start'],
    ['post', 'workflows/:id/runs', { records: ['l-1'] }, 'records', 'records must be an object'],
  ])('%s %s %j is told once, in words: %s', async (method, path, body, place, message, ...[hint]) => {
    const answer = await real.call(method, `/automation/${path.replace(':id', id)}`).send(body);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    const problems = (answer.body.problems as { path: string; message: string }[]).filter((one) => one.path.startsWith(place));
    expect(problems).toEqual([
      { path: place, message: expect.stringContaining(message), ...(hint !== undefined && { hint: expect.stringContaining(hint) }) },
    ]);
  });

  it.each<[string, object, string, string, string?]>([
    [
      'a run that may last too long',
      { settings: { maxDuration: 'P9999Y' } },
      'settings.maxDuration',
      '"maxDuration" must be at most P365D.',
    ],
    ['a delay of too many years', { steps: [{ id: 'a', type: 'delay', for: 'P9999Y' }] }, 'steps[0].for', '"for" must be at most P365D.'],
    [
      'a date too far away',
      { conditions: { field: 'now', operator: 'after', value: { fromNow: 'P9999Y' } } },
      'conditions.value.fromNow',
      '"fromNow" must not be longer than a thousand years.',
    ],
    [
      'an offset too far away',
      { trigger: { type: 'date', module: 'tasks', field: 'dueAt', offset: 'P9999Y' } },
      'trigger.offset',
      '"offset" must not be longer than a thousand years.',
    ],
    [
      'a task due too late',
      { steps: [{ id: 'a', type: 'create_task', with: { title: 'x', dueIn: 'P9999Y' } }] },
      'steps[0].with.dueIn',
      'must not be longer than a thousand years',
    ],
    [
      'a kind of trigger that is mistyped',
      { trigger: { type: 'manuel' } },
      'trigger.type',
      'must be one of: event',
      'Did you mean "manual"?',
    ],
    [
      'a step of a mistyped type',
      { steps: [{ id: 'a', type: 'dealy', for: 'P1D' }] },
      'steps[0].type',
      'There is no',
      'Did you mean "delay"?',
    ],
    [
      'a choice that is mistyped',
      { steps: [{ id: 'a', type: 'stop', outcome: 'succeded' }] },
      'steps[0].outcome',
      'must be one of: succeeded, failed',
      'Did you mean "succeeded"?',
    ],
    [
      'a member of a test',
      { conditions: { feild: 'now', operator: 'is_empty' } },
      'conditions.feild',
      'This is not known here.',
      'Did you mean "field"?',
    ],
    [
      'a zone that is mistyped',
      { trigger: { type: 'schedule', cron: '0 9 * * *', timezone: 'Europe/Berln' } },
      'trigger.timezone',
      '"Europe/Berln" is not a time zone.',
      'Did you mean "Europe/Berlin"?',
    ],
  ])('in a definition, %s is told with what was meant', async (_what, more, path, message, ...[hint]) => {
    const definition = { trigger: { type: 'manual' }, steps: [], ...more };
    const { body } = await real.call('post', '/automation/workflows').send({ name: 'Draft', definition }).expect(201);
    const told = { path, message: expect.stringContaining(message), ...(hint !== undefined && { hint: expect.stringContaining(hint) }) };
    expect(body.problems).toContainEqual(told);
  });
});
