import type { ActionDescription } from '../core/catalog.js';
import { AutomationError } from '../core/errors.js';
import { FLOW_STEP_TYPES } from '../core/steps/index.js';
import type { ActionDefinition, CheckContext } from './action.js';
import { describeAction } from './prepare-arguments.js';

/** The actions that definitions may use, by type. Throws `action_duplicate` when two share a type or one is named like a flow step. */
export class ActionRegistry {
  private readonly actions = new Map<string, ActionDefinition>();

  constructor(
    actions: readonly ActionDefinition[],
    private readonly inject?: CheckContext['inject'],
  ) {
    for (const action of actions) {
      if (this.actions.has(action.type) || (FLOW_STEP_TYPES as readonly string[]).includes(action.type)) {
        throw new AutomationError('action_duplicate', `There are two kinds of steps of the type '${action.type}'`, {
          hint: 'Give the action another type; those of the built-in actions and of flow control are taken.',
        });
      }
      this.actions.set(action.type, action);
    }
  }

  /** The action of that type, or undefined. */
  get(type: string): ActionDefinition | undefined {
    return this.actions.get(type);
  }

  /** Every action as the catalog shows it, in the order given. */
  describe(): ActionDescription[] {
    return [...this.actions.values()].map((action) => describeAction(action, this.inject));
  }
}
