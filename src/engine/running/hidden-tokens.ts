import { MASK } from '../../core/definition/mask.js';
import type { LoggedExecution } from '../../store/step-store.js';

/** What the log shows of a step that may hold texts from elsewhere. */
const SHOWN = ['input', 'output', 'error', 'extracted'] as const;

/** What is noted of a step, with tokens masked wherever they stand. They are letters, digits, `-` and `_`: JSON leaves them as they are. */
export function withoutTokens<Noted extends Partial<LoggedExecution>>(noted: Noted, tokens: ReadonlySet<string>): Noted {
  const masked: Noted = { ...noted };
  for (const name of SHOWN) {
    if (masked[name] == null) continue;
    const before = JSON.stringify(masked[name]);
    let after = before;
    for (const token of tokens) after = after.replaceAll(token, MASK);
    if (after !== before) masked[name] = JSON.parse(after);
  }
  return masked;
}
