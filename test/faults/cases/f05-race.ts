import type { FaultLab } from '../support/fault-lab.js';
import { type Answer, side, tally } from './f05-nodes.js';

/** What came of one kind of race. */
export interface Race {
  name: string;
  races: number;
  runs: number;
  /** Things that exist twice and must not. */
  doubled: number;
  /** How often each answer was given. */
  said: Record<string, number>;
  violations: string[];
}

/** So many races go on at the same time. */
export const AT_ONCE = 4;

/** Counts the successes among answers to one race; anything but one (or at least `least`), or another refusal, is a violation. */
export function one(race: Race, id: string, answers: readonly Answer[], refusals: readonly string[], least = 1): number {
  const accepted = answers.filter(({ code }) => code === 'ok').length;
  const strange = answers.find(({ code }) => code !== 'ok' && !refusals.includes(code));
  if (accepted > 1) race.doubled += 1;
  if (accepted > 1 || accepted < least) race.violations.push(`${id}: ${accepted} were accepted: ${JSON.stringify(tally(answers))}`);
  if (strange) race.violations.push(`${id}: refused with ${strange.status} ${JSON.stringify(strange.body)}`);
  return accepted;
}

/** One that nothing has come of yet. */
export function raceOf(name: string, count: number): Race {
  return { name, races: count, runs: count, doubled: 0, said: {}, violations: [] };
}

/** Leads of a company, of an amount of 0. */
export async function createLeads(lab: FaultLab, company: string, count: number): Promise<void> {
  await side(Array.from({ length: count }), AT_ONCE, async () => {
    await lab.crm.createLead({ company, phone: 'Nowhere', amount: 0 });
  });
}

/** Waits until everything is over. */
export async function settle(lab: FaultLab, race: Race): Promise<void> {
  const open = await lab.database.settle();
  if (open !== null) race.violations.push(open);
}

/** Any row that the statement finds is a violation. */
export async function expectNone(lab: FaultLab, race: Race, what: string, sql: string, parameters: unknown[]): Promise<void> {
  const rows = await lab.database.query<{ id: string }>(sql, parameters);
  if (rows.length > 0) race.violations.push(`${rows.length} ${what}, such as ${rows[0]?.id}`);
}
