import type { Json } from '../json.js';

/** A tree of tests. `all` of nothing is true, `any` of nothing false, `none` of nothing true. */
export type Condition = { all: Condition[] } | { any: Condition[] } | { none: Condition[] } | FieldTest;

/** One test: a field, an operator and, for most operators, a value. */
export interface FieldTest {
  field: string;
  operator: string;
  /**
   * A literal, a text with `{{…}}`, the value of another field (`{ "field": "previous.amount" }`) or a moment counted from
   * now (`{ "fromNow": "-P7D" }`); lists of these where the operator takes lists.
   */
  value?: Json;
  /** Text operators ignore case unless this is true. */
  caseSensitive?: boolean;
}
