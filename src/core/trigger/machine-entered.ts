import { isJsonObject, type Json } from '../json.js';
import type { TriggeringEvent, TriggerKind } from './trigger-kind.js';
import { isTextList } from './trigger-reader.js';

/** Starts when a record's instance of a state machine enters a state. */
export interface MachineEnteredTrigger {
  type: 'machine_entered';
  /** The module of the machine's records. */
  module: string;
  /** The code of the machine. */
  machine: string;
  /** The state that is entered, one or several; absent: any. */
  state?: string | string[];
}

/** The name of the event that the engine writes when a state is entered and somebody listens. */
export const MACHINE_ENTERED = 'machine_entered';

export const machineEntered = {
  type: 'machine_entered',
  label: 'State entered',
  description: 'Starts when a record enters a state of a state machine.',
  members: {
    module: { type: 'string', description: 'The module of the machine’s records.' },
    machine: { type: 'string', description: 'The code of the state machine.' },
    state: {
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }],
      description: 'The state that is entered, one or several; any where it is left out.',
    },
  },
  required: ['module', 'machine'],

  check(reader, catalog) {
    reader.module(catalog);
    reader.text('machine');
    const { state } = reader.json;
    if (state !== undefined && !isTextList(typeof state === 'string' ? [state] : state)) {
      reader.problem('state', '"state" must be a text or a list of texts.');
    }
  },

  compile(trigger) {
    const refusalOf = (event: TriggeringEvent): string | null => refusal(trigger, event);
    return {
      matches: (event) => refusalOf(event) === null,
      explain(event) {
        const reason = refusalOf(event);
        return reason === null ? { matched: true } : { matched: false, reason };
      },
      key: `${trigger.module}.${MACHINE_ENTERED}`,
    };
  },
} satisfies TriggerKind<MachineEnteredTrigger>;

/** Why the event does not start the workflow; null when it does. */
function refusal({ module, machine, state }: MachineEnteredTrigger, event: TriggeringEvent): string | null {
  if (event.module !== module || event.event !== MACHINE_ENTERED) {
    return `The event is ${event.module}.${event.event}, not ${module}.${MACHINE_ENTERED}.`;
  }
  const entered: { [name: string]: Json | undefined } = isJsonObject(event.trigger) ? event.trigger : {};
  if (entered.machine !== machine) return `The machine is "${String(entered.machine ?? '')}", not "${machine}".`;
  if (state === undefined || [state].flat().includes(String(entered.state ?? ''))) return null;
  return `The state entered is "${String(entered.state ?? '')}", not ${[state]
    .flat()
    .map((one) => `"${one}"`)
    .join(' or ')}.`;
}
