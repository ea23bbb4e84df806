import type { AccessPolicy, AccessRequest, Caller } from '../../index.js';
import { callerOf } from './tokens.js';

/** Tells the automation API who is calling: the same tokens as the CRM's own API. */
export class DemoAccess implements AccessPolicy {
  authenticate(request: AccessRequest): Caller | null {
    return callerOf(request.headers.authorization);
  }
}
