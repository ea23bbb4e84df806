import { describe, expect, it } from '@jest/globals';
import { builtInActions } from '../../../src/actions/index.js';
import { ActionRegistry } from '../../../src/actions/registry.js';
import type { Catalog, ModuleDescription } from '../../../src/core/catalog.js';
import { parseDefinition } from '../../../src/core/definition/parser.js';
import { namedStages, stageWarnings } from '../../../src/core/definition/warnings.js';

const STAGE = { name: 'stage', label: 'Stage', type: 'text', nullable: false, writable: true } as const;
const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [{ ...STAGE }, { ...STAGE, name: 'source', label: 'Source' }],
  relations: [],
  events: [
    { name: 'updated', label: 'Updated', rule: { on: 'updated' } },
    { name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'stage' } },
  ],
  stageField: 'stage',
  pipelineFields: [],
};
const actions = new Map(new ActionRegistry(builtInActions).describe().map((action) => [action.type, action]));
const CHANGED = { type: 'event', module: 'leads', event: 'stage_changed' };
const MOVE = { id: 'move', type: 'move_stage', with: { stage: 'Won' } };

function named(trigger: object, steps: object[] = [], leads: ModuleDescription = LEADS) {
  const catalog: Catalog = { modules: new Map([['leads', leads]]), actions };
  const parsed = parseDefinition({ trigger, steps: [...steps, { id: 'stop', type: 'stop', outcome: 'succeeded' }] }, null);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return namedStages(parsed.definition, catalog);
}

describe('stages that only the host knows', () => {
  it('are those that the trigger and the steps name', () => {
    const stage = { module: 'leads', ignoresCase: true };
    expect(named({ ...CHANGED, from: 'New', to: ['Won', 'Lost'] })).toEqual([
      { ...stage, path: 'trigger.from', stage: 'New' },
      { ...stage, path: 'trigger.to', stage: 'Won' },
      { ...stage, path: 'trigger.to', stage: 'Lost' },
    ]);
    const set = { id: 'set', type: 'change_field', with: { fields: { source: 'Web', stage: 'Lost' } } };
    expect(named({ ...CHANGED, event: 'updated' }, [MOVE, set])).toEqual([
      { module: 'leads', ignoresCase: false, path: 'steps[0].with', stage: 'Won' },
      { module: 'leads', ignoresCase: false, path: 'steps[1].with', stage: 'Lost' },
    ]);
  });

  it('are none where the trigger watches another field, or a step decides as it runs', () => {
    expect(named({ ...CHANGED, event: 'updated', fields: ['source'], to: 'Web' })).toEqual([]);
    expect(named(CHANGED, [{ ...MOVE, with: { next: true } }])).toEqual([]);
    expect(named(CHANGED, [{ id: 'clear', type: 'change_field', with: { field: 'stage', clear: true } }])).toEqual([]);
  });

  it('are none where the catalog lists them, pipelines differ by record, or there is no such module', () => {
    const trigger = { ...CHANGED, to: 'Won' };
    expect(named(trigger, [MOVE], { ...LEADS, fields: [{ ...STAGE, options: ['New'] }] })).toEqual([]);
    expect(named(trigger, [MOVE], { ...LEADS, pipelineFields: ['pipelineId'] })).toEqual([]);
    const { pipelineFields: _, ...unsaid } = LEADS;
    expect(named(trigger, [MOVE], unsaid)).toEqual([]);
    expect(named({ ...CHANGED, module: 'invoices' })).toEqual([]);
    expect(named({ type: 'manual' })).toEqual([]);
  });
});

describe('a stage that the host does not have now', () => {
  const at = { path: 'trigger.to', module: 'leads', stage: 'won' };

  it('is warned of, with the names that may be meant', () => {
    expect(stageWarnings([{ ...at, stage: 'Wno', ignoresCase: true }], ['New', 'Won'])).toEqual([
      {
        path: 'trigger.to',
        code: 'stage_not_listed',
        message: 'The CRM has no stage "Wno" now. Did you mean "Won"? Its stages are: New, Won.',
        hint: 'Correct it, unless the stage is yet to be added.',
      },
    ]);
  });

  it('is not told by its case in triggers, which ignore it, and is where it would be written', () => {
    expect(stageWarnings([{ ...at, ignoresCase: true }], ['Won'])).toEqual([]);
    expect(stageWarnings([{ ...at, ignoresCase: false }], ['Won'])).toHaveLength(1);
  });
});
