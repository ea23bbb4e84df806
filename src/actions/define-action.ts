import { AutomationError } from '../core/errors.js';
import type {
  ActionDefinition,
  ActionOptions,
  ArgumentFormat,
  ExternalAction,
  ExternalActionOptions,
  OwnTransactionAction,
  OwnTransactionActionOptions,
  SharedLocalAction,
  SharedLocalActionOptions,
} from './action.js';

export type * from './action.js';
export { Describe } from './arguments-schema.js';
export { describeAction, maskArguments, prepareArguments } from './prepare-arguments.js';

const ACTION_TYPE = /^[a-z][a-z0-9_]{0,63}$/;

/**
 * Defines an action: one file, its arguments as a class, and what it does. The result is frozen and goes into the
 * `actions` option of the module. Throws `action_invalid` when the type is not a name.
 */
export function defineAction<A extends object>(options: ExternalActionOptions<A>): ExternalAction<A>;
export function defineAction<A extends object>(options: SharedLocalActionOptions<A>): SharedLocalAction<A>;
export function defineAction<A extends object>(options: OwnTransactionActionOptions<A>): OwnTransactionAction<A>;
export function defineAction<A extends object>(options: ActionOptions<A>): ActionDefinition<A> {
  if (!ACTION_TYPE.test(options.type)) {
    throw new AutomationError('action_invalid', `'${options.type}' cannot be the type of an action`, {
      hint: 'Use small letters, digits and underscores, starting with a letter: send_sms.',
    });
  }
  const common = {
    ...options,
    formats: Object.freeze({ ...options.formats }) as Readonly<Record<string, ArgumentFormat>>,
    secret: Object.freeze([...(options.secret ?? [])]),
  };
  const action =
    options.effect === 'external'
      ? common
      : { ...common, transaction: options.transaction ?? 'own', writesRecord: options.writesRecord ?? false };
  return Object.freeze(action) as ActionDefinition<A>;
}
