import { describe, expect, it } from '@jest/globals';
import type { ActionDescription, Catalog } from '../../../src/core/catalog.js';
import { absentUsers, askedByName, namedRoles, namedUsers } from '../../../src/core/definition/asked-people.js';
import { action, approval } from '../plan/support.js';

describe('whom a definition asks by name', () => {
  it('is told with where it stands, escalations and inner steps included', () => {
    const form = { id: 'ask', kind: 'form', queue: 'desk', fields: [], onExpiry: 'fail' } as const;
    const steps = [
      action('a'),
      approval('ok', { role: 'manager', escalation: { after: 'P1D', assignees: ['u-1'], role: 'director', queue: 'desk' } }),
      { id: 'both', kind: 'parallel', branches: [{ name: 'x', steps: [form] }], join: 'all' } as const,
      approval('plain'),
    ];
    expect(askedByName({ steps: steps as never })).toEqual([
      { kind: 'role', name: 'manager', path: 'steps[1].role' },
      { kind: 'role', name: 'director', path: 'steps[1].escalation.role' },
      { kind: 'queue', name: 'desk', path: 'steps[1].escalation.queue' },
      { kind: 'queue', name: 'desk', path: 'steps[2].branches[0].steps[0].queue' },
    ]);
  });
});

it('the roles that arguments of actions name are told where they are known before the run', () => {
  const properties = { role: { type: 'string', 'x-control': 'role' }, title: { type: 'string' } };
  const assign: ActionDescription = { type: 'assign', label: 'Assign', effect: 'local', argumentsSchema: { properties }, check: () => [] };
  const catalog: Catalog = { modules: new Map(), actions: new Map([['assign', assign]]) };
  const inner = [action('b', { type: 'assign', with: { role: 'director', title: 'manager', other: 'manager' } })];
  const steps = [
    action('a', { type: 'assign', with: { role: '{{record.role}}' } }),
    { id: 'both', kind: 'parallel', branches: [{ name: 'x', steps: inner }], join: 'all' },
    action('gone', { type: 'gone', with: { role: 'manager' } }),
  ];
  expect(namedRoles({ steps: steps as never }, catalog)).toEqual([
    { kind: 'role', name: 'director', path: 'steps[1].branches[0].steps[0].with.role' },
  ]);
});

describe('the users whom a definition names', () => {
  const assign: ActionDescription = {
    ...{ type: 'assign', label: 'Assign', effect: 'local', argumentsSchema: {}, check: () => [] },
    users: ({ ids }) => [{ users: (ids as string[]).map((id, index) => ({ id, path: `ids[${index}]` })), others: false }],
  };
  const plain: ActionDescription = { type: 'note', label: 'Note', effect: 'local', argumentsSchema: {}, check: () => [] };
  const catalog: Catalog = { modules: new Map(), actions: new Map([assign, plain].map((one) => [one.type, one])) };
  const named = (...steps: object[]) => namedUsers({ trigger: { type: 'manual' }, steps: steps as never }, catalog);

  it('are told place by place, with how many of them are needed and whether others may be meant', () => {
    expect(
      named(
        approval('one', { assignees: ['u-1', '{{ownerId}}'] }),
        approval('some', { assignees: ['u-1', 'u-2', 'u-3'], required: 2 }),
        approval('role', { assignees: [], role: 'manager', escalation: { after: 'P1D', assignees: ['u-4'], queue: 'desk' } }),
        action('assign', { type: 'assign', with: { ids: ['u-5'] } }),
        action('note'),
        { id: 'ask', kind: 'form', assignees: ['u-6'], fields: [], onExpiry: 'fail' },
        { id: 'wait', kind: 'delay', for: 'P1D' },
        action('gone', { type: 'gone' }),
      ),
    ).toEqual([
      { users: [{ id: 'u-1', path: 'steps[0].assignees[0]' }], others: true, needed: 1 },
      {
        users: ['u-1', 'u-2', 'u-3'].map((id, index) => ({ id, path: `steps[1].assignees[${index}]` })),
        others: false,
        needed: 2,
      },
      { users: [{ id: 'u-4', path: 'steps[2].escalation.assignees[0]' }], others: true, needed: 1 },
      { users: [{ id: 'u-5', path: 'steps[3].with.ids[0]' }], others: false, needed: 1 },
      { users: [{ id: 'u-6', path: 'steps[5].assignees[0]' }], others: false, needed: 1 },
    ]);
  });

  it('are a problem where too few of them are left, and else a warning', () => {
    const groups = named(
      approval('some', { assignees: ['u-1', 'gone-1', 'gone-2'], required: 2 }),
      approval('one', { assignees: ['u-1', 'gone-3'] }),
      approval('role', { assignees: ['gone-4'], role: 'manager' }),
    );
    const { problems, warnings } = absentUsers(groups, (id) => !id.startsWith('gone'));
    expect(problems).toEqual([
      { path: 'steps[0].assignees[1]', message: 'The workspace has no active user "gone-1".' },
      { path: 'steps[0].assignees[2]', message: 'The workspace has no active user "gone-2".' },
    ]);
    expect(warnings.map(({ path, code }) => [path, code])).toEqual([
      ['steps[1].assignees[1]', 'user_not_found'],
      ['steps[2].assignees[0]', 'user_not_found'],
    ]);
  });
});
