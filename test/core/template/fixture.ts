import { AutomationError } from '../../../src/core/errors.js';
import type { JsonObject } from '../../../src/core/json.js';
import type { Scope } from '../../../src/core/scope.js';
import { compileTemplate } from '../../../src/core/template/template.js';

/** What the template tests render from. */
export const scope: Scope = {
  record: {
    id: 'l-1',
    name: 'Ada <Lovelace>',
    email: 'ada@acme.test',
    amount: 1234.5,
    won: true,
    nickname: null,
    empty: '',
    none: 0,
    number: 'INV-7',
    timezone: 'a field',
    context: 'a field',
    'full name': 'Ada L.',
    tags: ['vip', 'new'],
    noTags: [],
    account: { name: 'Acme', industry: 'Retail', owner: { name: 'Bo' } },
    parent: null,
    lines: [
      { sku: 'A', price: 1, record: 'own' },
      { sku: 'B', price: 2, record: 'own' },
    ],
  },
  previous: null,
  changes: { stage: { from: 'New', to: 'Won' } },
  trigger: { body: { email: 'x@y.test', 'first.name': 'Ada' } },
  context: { score: 5 },
  steps: { lookup: { output: { id: 9 } } },
  actor: { type: 'user', id: 'u-1' },
  workflow: { id: 'w', code: 'W-1', name: 'Welcome', version: 2 },
  run: { id: 'r-1', startedAt: '2025-01-01T00:00:00.000Z' },
  now: '2025-01-01T12:00:00.000Z',
  timezone: 'Europe/Berlin',
  item: { name: 'first' },
  index: 3,
};

/** Renders a template without escaping. */
export function render(source: string, data: Scope | JsonObject = scope): string {
  return compileTemplate(source).render(data);
}

/** The AutomationError that an action throws; other errors pass, and none fails the test. */
export function failure(action: () => unknown): AutomationError {
  try {
    action();
  } catch (error) {
    if (error instanceof AutomationError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
