import type { Scope } from '../scope.js';
import type { Calendar } from '../time/calendar.js';

/**
 * What a condition is asked about: one record with what happened to it, at one moment. A {@link Scope} whose `now` is
 * a Date is one.
 */
export interface ConditionSubject
  extends Pick<Scope, 'record' | 'previous' | 'changes' | 'trigger' | 'context' | 'steps' | 'actor'>,
    Partial<Pick<Scope, 'machine' | 'workflow' | 'run' | 'item' | 'index'>> {
  /** The moment that relative dates count from. */
  now: Date;
  /** IANA name of the zone in which days begin and end. */
  timezone: string;
  /** Which days are business days; default Monday to Friday. */
  calendar?: Calendar;
  /** What templates read, and fields of `workflow`, `run`, `item` and `index`, instead of the subject itself. */
  scope?: Scope;
}
