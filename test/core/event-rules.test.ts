import { expect, it } from '@jest/globals';
import type { EventDescription, ModuleDescription } from '../../src/core/catalog.js';
import { eventRuleProblems } from '../../src/core/event-rules.js';

const module = (events: EventDescription[]): ModuleDescription => ({
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [{ name: 'stage', label: 'Stage', type: 'text', nullable: false, writable: true }],
  relations: [],
  events,
});

it('finds events that could never happen: about fields that there are not, and by no rule', () => {
  const events = [
    { name: 'created', label: 'Created', rule: { on: 'created' } },
    { name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'stage' } },
    { name: 'won', label: 'Won', rule: { on: 'changed', field: 'stgae' } },
    { name: 'lost', label: 'Lost', rule: { on: 'vanished' } },
  ] as EventDescription[];
  expect(eventRuleProblems(module(events))).toEqual([
    { path: 'events.won', message: `The event 'won' of leads is about the field 'stgae', which there is not. Did you mean "stage"?` },
    {
      path: 'events.lost',
      message: "The event 'lost' of leads has no rule 'vanished'. Rules are: created, updated, deleted, changed, custom.",
    },
  ]);
});
