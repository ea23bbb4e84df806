import { AutomationError, type Problem } from '../../core/errors.js';
import type { Json } from '../../core/json.js';
import { isKnown } from '../rules.js';
import type { AddressGuard } from './address-guard.js';
import { outboundUrl } from './outbound-http.js';

/** What keeps an address of a definition from being called, as far as it can be told without a lookup; a name is checked when it is connected to. */
export function urlProblems(url: Json | undefined, path: string, guard: AddressGuard | undefined): Problem[] {
  if (!isKnown(url) || typeof url !== 'string') return [];
  return problemsOf(path, () => {
    const { hostname, port, protocol } = outboundUrl(url);
    guard?.check(hostname, port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
  });
}

/** What a check throws, as a problem. */
export function problemsOf(path: string, check: () => unknown): Problem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    return [{ path, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) }];
  }
}
