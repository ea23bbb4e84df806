import { describe, expect, it } from '@jest/globals';
import { builtInActions } from '../../../src/actions/index.js';
import { ActionRegistry } from '../../../src/actions/registry.js';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import { writesOf } from '../../../src/core/definition/writes.js';

const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [],
  relations: [],
  events: [],
  stageField: 'stage',
  ownerField: 'ownerId',
};
const actions = new Map(new ActionRegistry(builtInActions).describe().map((action) => [action.type, action]));
const catalog: Catalog = { modules: new Map([['leads', LEADS]]), actions, taskModule: 'tasks' };

function writes(steps: object[], about: Catalog = catalog, trigger: object = { type: 'event', module: 'leads', event: 'created' }) {
  const parsed = parseDefinition({ trigger, steps }, null);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return writesOf(parsed.definition, about);
}

const change = (id: string, args: object) => ({ id, type: 'change_field', with: args });

describe('what a definition writes', () => {
  it('is told of every step, wherever it stands', () => {
    const nested = {
      id: 'route',
      type: 'branch',
      branches: [
        { name: 'a', when: { field: 'source', operator: 'is_empty' }, steps: [change('inner', { field: 'source', value: 'Web' })] },
      ],
      otherwise: [{ id: 'move', type: 'move_stage', with: { stage: 'Won' } }],
    };
    expect(writes([nested, { id: 'own', type: 'assign_owner', with: { userId: 'u-1' } }])).toEqual([
      { step: 'inner', path: 'steps[0].branches[0].steps[0]', module: 'leads', kind: 'field', field: 'source', value: 'Web' },
      { step: 'move', path: 'steps[0].otherwise[0]', module: 'leads', kind: 'field', field: 'stage', value: 'Won' },
      { step: 'own', path: 'steps[1]', module: 'leads', kind: 'field', field: 'ownerId', value: 'u-1' },
    ]);
  });

  it('has the value where the definition says it, and none where the run will', () => {
    const found = writes([
      change('several', { fields: { priority: 'Urgent', rating: '{{record.rating}}' } }),
      change('clear', { field: 'source', clear: true }),
      change('add', { field: 'touches', increment: 1 }),
      { id: 'next', type: 'move_stage', with: { next: true } },
      { id: 'turn', type: 'assign_owner', with: { strategy: 'round_robin', userIds: ['u-1'] } },
    ]);
    expect(found.map((write) => (write.kind === 'field' ? [write.step, write.field, write.value] : write))).toEqual([
      ['several', 'priority', 'Urgent'],
      ['several', 'rating', undefined],
      ['clear', 'source', null],
      ['add', 'touches', undefined],
      ['next', 'stage', undefined],
      ['turn', 'ownerId', undefined],
    ]);
  });

  it('may be a field that only the run will name', () => {
    expect(writes([change('any', { field: '{{trigger.field}}', value: 1 })])).toMatchObject([{ kind: 'field', field: null, value: 1 }]);
  });

  it('is a record of another module, created or changed, where the definition names the module', () => {
    const steps = [
      { id: 'new', type: 'create_record', with: { module: 'leads', fields: {} } },
      { id: 'any', type: 'create_record', with: { module: '{{trigger.module}}', fields: {} } },
      { id: 'odd', type: 'create_record', with: { module: 'leeds', fields: {} } },
      { id: 'other', type: 'update_related', with: { record: { module: 'leads', id: '1' }, fields: { stage: 'Won', x: '{{now}}' } } },
      { id: 'note', type: 'add_note', with: { body: 'x' } },
    ];
    expect(writes(steps, { ...catalog, noteModule: 'notes' }, { type: 'manual' })).toEqual([
      { step: 'new', path: 'steps[0]', module: 'leads', kind: 'created' },
      { step: 'other', path: 'steps[3]', module: 'leads', kind: 'field', field: 'stage', value: 'Won' },
      { step: 'other', path: 'steps[3]', module: 'leads', kind: 'field', field: 'x' },
      { step: 'note', path: 'steps[4]', module: 'notes', kind: 'created' },
    ]);
    expect(
      writes([{ id: 'note', type: 'add_note', with: { body: 'x' } }, change('own', { field: 'a', value: 1 })], catalog, { type: 'manual' }),
    ).toEqual([]);
  });

  it('is a record created, where tasks are a module of the CRM', () => {
    const task = { id: 'call', type: 'create_task', with: { title: 'Call' } };
    expect(writes([task])).toEqual([{ step: 'call', path: 'steps[0]', module: 'tasks', kind: 'created' }]);
    expect(writes([task], { modules: catalog.modules, actions })).toEqual([]);
  });

  it('is nothing for actions that do not say so, for those nobody knows, and where there is no record', () => {
    const mail = { id: 'mail', type: 'send_email', with: { to: 'a@b.test', template: 'welcome' } };
    expect(writes([mail, { id: 'sms', type: 'send_sms', with: {} }])).toEqual([]);
    expect(writes([change('c', { field: 'source', value: 1 })], catalog, { type: 'manual' })).toEqual([]);
    expect(
      writes(
        [
          { id: 'move', type: 'move_stage', with: { next: true } },
          { id: 'o', type: 'assign_owner', with: { userId: 'u' } },
        ],
        catalog,
        { type: 'event', module: 'notes', event: 'created' },
      ),
    ).toEqual([]);
  });
});
