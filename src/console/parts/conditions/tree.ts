import type { JsonObject } from '../../../core/json.js';
import type { ConditionEdit } from '../../model/condition-tree.js';
import type { Place } from '../../model/json-path.js';

/** A condition as its rows see it, and how they change it. */
export interface Tree {
  root: JsonObject;
  label: string;
  /** The focus goes to the row's handle; of a new one to its first field. */
  apply: (edit: ConditionEdit | null, said: string, isNew?: boolean) => void;
  put: (root: JsonObject) => void;
  focusHandle: (at: Place) => void;
  /** Where a row stands in the definition: a test that stands alone is only shown in a group. */
  inDefinition: (at: Place) => Place;
}
