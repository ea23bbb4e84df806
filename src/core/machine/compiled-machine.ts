import type { ModuleDescription } from '../catalog.js';
import { type CompiledCondition, compileCondition } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import type { DomainEvent } from '../event.js';
import { isJsonObject } from '../json.js';
import { transitionRefusalOf } from '../trigger/delivery.js';
import { compileTrigger } from '../trigger/trigger.js';
import { initialState, leadsFrom } from './graph.js';
import type { MachineDefinition, MachineState, MachineTransition, MachineTrigger } from './types.js';

/** What a trigger of a machine makes of an event: `ignored` where it is not asked, else whether it matches, with the reason when not. */
export type Hearing = 'ignored' | { matched: boolean; reason?: string };

/** A transition that is ready to be asked. */
export interface CompiledTransition {
  definition: MachineTransition;
  /** Null: it fires whenever its trigger does. */
  conditions: CompiledCondition | null;
  hear(event: DomainEvent): Hearing;
}

/** A version of a machine that is ready to be asked, once per process: versions never change. */
export interface CompiledMachine {
  definition: MachineDefinition;
  initial: MachineState;
  states: ReadonlyMap<string, MachineState>;
  transitions: readonly CompiledTransition[];
  /** The transitions out of a state, in the order in which they are asked. */
  from(state: string): readonly CompiledTransition[];
  /** By which events it may make an instance; null: by those that a transition out of the initial state hears. */
  start: Omit<CompiledTransition, 'definition'> | null;
  /** Which events it hears: `leads.updated`, of a machine for an integration `integration:erp`. */
  keys: ReadonlySet<string>;
  /** All that its conditions read. */
  conditionPaths: readonly string[];
}

/** Under which name a machine hears an event; null: under none. */
export function keysOf({ module, event, trigger }: Pick<DomainEvent, 'module' | 'event' | 'trigger'>): string[] {
  const integration = trigger?.integration;
  return [...(module === null ? [] : [`${module}.${event}`]), ...(typeof integration === 'string' ? [integrationKey(integration)] : [])];
}

/** The code of the one machine that an integration's event is meant for; null: whichever hears it. */
export function meantBy({ trigger }: Pick<DomainEvent, 'trigger'>): string | null {
  return typeof trigger?.integration === 'string' && typeof trigger.machine === 'string' ? trigger.machine : null;
}

function integrationKey(code: string): string {
  return `integration:${code}`;
}

/** Compiles a definition that the parser has passed. */
export function compileMachine(definition: MachineDefinition, module: ModuleDescription | null): CompiledMachine {
  const paths = new Set<string>();
  const keys = new Set<string>();
  const own = 'module' in definition.for ? definition.for.module : null;
  const integration = 'integration' in definition.for ? definition.for.integration : null;
  if (integration !== null) keys.add(integrationKey(integration));
  const conditionsOf = (condition: Condition | undefined): CompiledCondition | null => {
    const compiled = condition === undefined ? null : compileCondition(condition, module);
    for (const path of compiled?.paths ?? []) paths.add(path);
    return compiled;
  };
  const hear = (trigger: MachineTrigger, code: string): CompiledTransition['hear'] => {
    switch (trigger.type) {
      case 'event': {
        // The run of an integration begins or ends.
        if (!('module' in trigger)) return (event) => (event.event === trigger.event && runKeyOf(event) !== null ? MATCHED : 'ignored');
        const compiled = compileTrigger(trigger, module);
        keys.add(`${trigger.module}.${trigger.event}`);
        return (event) => (event.module === trigger.module && event.event === trigger.event ? compiled.explain(event) : 'ignored');
      }
      case 'import':
      case 'export': {
        const name = trigger.type === 'import' ? 'imported' : 'exported';
        if (own !== null) keys.add(`${own}.${name}`);
        return (event) => (event.event === name && (own === null || event.module === own) ? MATCHED : 'ignored');
      }
      case 'webhook':
        return ({ trigger: delivery }) => {
          if (delivery?.type !== 'webhook') return 'ignored';
          const reason = transitionRefusalOf(delivery, code);
          return reason === null ? MATCHED : { matched: false, reason };
        };
      default:
        // What names its transition: a person, a poll, a timeout.
        return () => 'ignored';
    }
  };
  const transitions = definition.transitions.map((transition) => ({
    definition: transition,
    conditions: conditionsOf(transition.conditions),
    hear: hear(transition.trigger, transition.code),
  }));
  const states = new Map(definition.states.map((state) => [state.code, state]));
  const bySource = new Map(
    definition.states.map((state) => [state.code, transitions.filter((transition) => leadsFrom(transition.definition, state))]),
  );
  return {
    definition,
    initial: initialState(definition),
    states,
    transitions,
    from: (state) => bySource.get(state) ?? [],
    start: definition.start ? { conditions: conditionsOf(definition.start.conditions), hear: hear(definition.start.trigger, '') } : null,
    keys,
    conditionPaths: [...paths],
  };
}

const MATCHED = { matched: true };

/** The run of an integration that an event is about; null when it is about none. */
export function runKeyOf({ trigger }: Pick<DomainEvent, 'trigger'>): string | null {
  return isJsonObject(trigger) && typeof trigger.runKey === 'string' ? trigger.runKey : null;
}
