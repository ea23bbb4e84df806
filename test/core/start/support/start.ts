import type { DomainEvent } from '../../../../src/core/event.js';
import type { DecisionContext } from '../../../../src/core/start/start.js';

/** A lead from the web that was just created. */
export const EVENT: DomainEvent = {
  id: 'e-1',
  workspaceId: 'acme',
  module: 'leads',
  event: 'created',
  recordId: '42',
  record: { id: '42', source: 'Web' },
  previous: null,
  changes: null,
  actor: { type: 'user', id: 'u-1' },
  cause: null,
  trigger: null,
  target: null,
  parent: null,
  occurredAt: '2026-03-01T09:00:00.000Z',
};
export const CONTEXT: DecisionContext = { now: new Date('2026-03-01T12:00:00.000Z'), timezone: 'UTC', chainDepth: 5 };
