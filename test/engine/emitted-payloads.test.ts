import { describe, expect, it } from '@jest/globals';
import { complete, type PayloadContext, readPayload } from '../../src/engine/capture/emitted-payload.js';

/** Tasks whose tenant is `companyId`, and whose table has a column `recordId` as well. */
const tasks: PayloadContext = {
  singular: 'task',
  defaultWorkspaceId: 'default',
  identify: (entity) => {
    const { id, companyId } = entity as { id?: string; companyId?: string };
    return { id: id ?? null, workspaceId: companyId ?? null, isShared: false };
  },
};
const shared: PayloadContext = { ...tasks, identify: (entity) => ({ ...tasks.identify(entity), workspaceId: null, isShared: true }) };

const task = { id: 't-1', companyId: 'acme', title: 'Call', recordId: 'lead-9', data: { id: 'd-1' } };
const read = (payload: unknown, context = tasks) => readPayload(payload, context);
const understood = (payload: unknown, context = tasks) => {
  const answer = read(payload, context);
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.why}`);
  return answer.event;
};

describe('the payload of an emitted event', () => {
  it('is the record when it has the record’s key, whatever its other columns are called', () => {
    expect(understood(task)).toMatchObject({ recordId: 't-1', workspaceId: 'acme', record: task });
  });

  it('may be nothing but the key and the tenant', () => {
    expect(understood({ id: 't-1', companyId: 'acme' })).toMatchObject({ recordId: 't-1', workspaceId: 'acme' });
    expect(understood({ recordId: 't-1', companyId: 'acme' })).toMatchObject({ recordId: 't-1', workspaceId: 'acme' });
    expect(understood({ recordId: 7, workspaceId: 'acme' })).toMatchObject({ recordId: '7', workspaceId: 'acme' });
    expect(understood({ recordId: 7, workspaceId: 'acme', record: { title: 'Call' } })).toMatchObject({ record: { title: 'Call' } });
  });

  it.each(['record', 'entity', 'data', 'task'])('may hold the record as its `%s`', (member) => {
    const actor = { type: 'user', id: 'u-1' };
    expect(understood({ [member]: task, actor, key: 'once', ip: '127.0.0.1' })).toMatchObject({
      ...{ recordId: 't-1', workspaceId: 'acme', record: task, actor, key: 'once' },
    });
    expect(understood({ [member]: { id: 't-1' }, companyId: 'acme' })).toMatchObject({ workspaceId: 'acme' });
    expect(understood({ [member]: { id: 't-1' }, workspaceId: 'acme' })).toMatchObject({ workspaceId: 'acme' });
  });

  it('may hold the record before and after', () => {
    const before = { ...task, title: 'Write' };
    expect(understood({ before, after: task })).toMatchObject({ recordId: 't-1', record: task, previous: before });
    expect(understood({ previous: before, record: task })).toMatchObject({ record: task, previous: before });
    expect(understood({ before, after: null })).toMatchObject({ recordId: 't-1', record: before, previous: before });
  });

  it.each<[string, unknown]>([
    ['no object', 'text'],
    ['a list', [task]],
    ['nothing', null],
    ['a record that has no key yet, though it points at another one', { title: 'Call', recordId: 'lead-9', companyId: 'acme' }],
    ['no record', { companyId: 'acme', title: 'Call' }],
    ['a record of another module', { companyId: 'acme', lead: { id: 'lead-9' } }],
    ['several records', { entity: task, data: { ...task, id: 't-2' } }],
  ])('is refused when it is %s', (_, payload) => {
    expect(read(payload).kind).toBe('refused');
  });

  it('is refused when it names no tenant: the default workspace is none', () => {
    expect(read({ id: 't-1', title: 'Call' })).toEqual({ kind: 'refused', why: 'it names no tenant' });
    expect(read({ recordId: 't-1' })).toEqual({ kind: 'refused', why: 'it names no tenant' });
    expect(complete({ recordId: 't-1' }, tasks)).toEqual({ kind: 'refused', why: 'it names no tenant' });
  });

  it('is refused when it and its record name two tenants', () => {
    expect(read({ workspaceId: 'rival', task })).toMatchObject({ kind: 'refused' });
  });

  it('goes to the default workspace when records belong to every workspace', () => {
    expect(understood({ id: 't-1' }, shared)).toMatchObject({ workspaceId: 'default' });
    expect(readPayload({ id: 't-1' }, { ...shared, defaultWorkspaceId: null })).toMatchObject({ kind: 'refused' });
  });
});
