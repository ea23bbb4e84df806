import type { Explanation } from '../../core/condition/explanation.js';
import type { Catalog } from './catalog.js';
import { fieldWords, operandWords } from './definition-words.js';
import { type DecisiveTest, decisiveSets } from './explanation.js';
import { listWords, nameWords, valueWords } from './words.js';

/** Returns what would have been enough: `It would have run if Source had been Web Form.` */
export function nearestMissWords(
  explanation: Explanation,
  module: string | null,
  catalog: Pick<Catalog, 'modules' | 'operators'> | null,
): string {
  const [nearest = []] = decisiveSets(explanation, true);
  if (nearest.length === 0) return 'Nothing near would have made these conditions hold.';
  return `It would have run if ${listWords(nearest.map((one) => wishWords(one, module, catalog)))}.`;
}

/** Returns what decided, with what was seen: `Amount was 40,000`; null where no single test did. */
export function decisiveWords(
  explanation: Explanation,
  module: string | null,
  catalog: Pick<Catalog, 'modules' | 'operators'> | null,
): string | null {
  const [decisive = []] = decisiveSets(explanation);
  const seen = decisive.map(({ test }) => `${fieldWords(test.field, module, catalog)} was ${valueWords(test.seen)}`);
  return seen.length === 0 ? null : listWords([...new Set(seen)].slice(0, 3));
}

function wishWords({ test, hold }: DecisiveTest, module: string | null, catalog: Pick<Catalog, 'modules' | 'operators'> | null): string {
  const field = fieldWords(test.field, module, catalog);
  const operator = catalog?.operators.find(({ name }) => name === test.operator);
  const expected = operandWords(operator, test.expected);
  if (test.operator === 'equals') return `${field} had ${hold ? '' : 'not '}been ${expected}`;
  const asked = [operator?.label ?? nameWords(test.operator).toLowerCase(), expected].filter((part) => part !== '').join(' ');
  return hold ? `“${field} ${asked}” held` : `“${field} ${asked}” did not hold`;
}
