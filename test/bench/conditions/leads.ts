import type { FieldType, ModuleDescription } from '../../../src/core/catalog.js';
import type { RecordData } from '../../../src/core/event.js';

const field = (name: string, type: FieldType) => ({ name, label: name, type, nullable: true, writable: true });

/** The module whose types the conditions are compiled with, as they are in production. */
export const LEADS: ModuleDescription = {
  name: 'leads',
  singular: 'lead',
  label: 'Leads',
  fields: [
    ...['id', 'name', 'email', 'phone', 'source', 'priority', 'country', 'stage', 'industry', 'ownerId', 'notes'].map((name) =>
      field(name, 'text'),
    ),
    ...['amount', 'employees', 'score'].map((name) => field(name, 'number')),
    field('tags', 'list'),
    field('createdAt', 'datetime'),
  ],
  relations: [],
  events: [{ name: 'created', label: 'Created', rule: { on: 'created' } }],
};

/** A generator of numbers from 0 to 1, the same at every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of the values, the first ones more often. */
function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() ** 1.5 * values.length)] as T;
}

/**
 * Leads as a CRM has them: complete ones, ones with nulls, ones without what their door did not send, ones with fields of
 * the customer's own in front. So many that no branch predictor learns them by heart. `employees` is always there, because
 * "less than" against nothing is true for one of the contestants and false for the others.
 */
export function makeLeads(count: number, seed: number): RecordData[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index): RecordData => {
    const shape = index % 4;
    const lead: RecordData = shape === 3 ? { customerNumber: `C-${index}`, region: 'EMEA' } : {};
    lead.id = `lead-${index}`;
    lead.name = `Lead ${index}`;
    lead.email = shape === 1 ? null : `lead${index}@acme.test`;
    lead.source = pick(random, ['Web Form', 'Referral', 'Trade Fair']);
    lead.stage = pick(random, ['New', 'Contacted', 'Qualified', 'Won', 'Lost']);
    lead.employees = Math.floor(random() * 12_000);
    lead.amount = shape === 1 && random() < 0.2 ? null : Math.round(20_000 + random() * 180_000);
    if (shape !== 2) {
      lead.priority = pick(random, ['Urgent', 'High', 'Normal', null]);
      lead.country = pick(random, ['DE', 'FR', 'AT', 'US', 'CH', null]);
      lead.tags = pick(random, [['vip', 'newsletter'], [], ['partner'], ['blocked', 'newsletter']]);
      lead.phone = '+49 30 1234567';
    }
    lead.score = random() < 0.5 ? Math.floor(random() * 100) : random() * 100;
    lead.industry = pick(random, ['Software', 'Retail', 'Gambling', null]);
    lead.ownerId = shape === 0 ? `u-${index % 7}` : null;
    lead.createdAt = '2026-03-01T08:00:00.000Z';
    return lead;
  });
}
