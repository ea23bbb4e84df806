import { sameJson } from '../../core/derive-events.js';
import { AutomationError } from '../../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.js';
import type { MachineWebhookTrigger } from '../../core/machine/types.js';
import { renderJson } from '../../core/template/template.js';
import type { Delivery, DeliveryRefusal, HeldTransition, WantedRecord } from '../../core/trigger/delivery.js';
import type { TriggerRecord } from '../../core/trigger/webhook-record.js';
import type { DefinitionKind } from '../../store/workflow-store.js';

/** A trigger that deliveries to a URL are held against. */
export interface HookTrigger {
  /** The code of a machine's transition; null: it is a workflow's. */
  transition: string | null;
  trigger: MachineWebhookTrigger;
}

/** One that a delivery was held against. */
export interface HeldTrigger extends HookTrigger {
  /** Why the caller, or what he sends, is not what it asks for; null: it is. */
  failure: AutomationError | null;
}

/** What a delivery is about: of a workflow a record, if any; of a machine for an integration one of its runs. */
export type DeliveryAbout = Pick<Delivery, 'record' | 'refused' | 'transitions' | 'integration' | 'runKey'>;

/**
 * Returns the triggers of a published definition that its URL is for: that of a workflow, those of a machine's transitions that
 * are not disabled. Of a definition that this process cannot read as far as it can: who calls is checked all the same.
 */
export function hookTriggersOf(kind: DefinitionKind, definition: Json): HookTrigger[] {
  if (!isJsonObject(definition)) return [];
  const webhook = (transition: string | null, trigger: Json | undefined): HookTrigger[] =>
    isJsonObject(trigger) && trigger.type === 'webhook' ? [{ transition, trigger: trigger as unknown as MachineWebhookTrigger }] : [];
  if (kind !== 'machine') return webhook(null, definition.trigger);
  const transitions = Array.isArray(definition.transitions) ? definition.transitions.filter(isJsonObject) : [];
  return transitions.filter(({ enabled }) => enabled !== false).flatMap(({ code, trigger }) => webhook(String(code), trigger));
}

/**
 * Returns which headers runs see of a delivery, beside those that all see: what any trigger that takes it names, without those that
 * carry the secret of any other.
 */
export function headersOf(held: readonly HeldTrigger[]): string[] {
  const secrets = new Set(held.flatMap(({ trigger }) => carriersOf(trigger)).map((name) => name.toLowerCase()));
  const named = held.flatMap(({ trigger, failure }) => (failure === null ? (trigger.headers ?? []) : []));
  return [...new Set(named)].filter((name) => !secrets.has(name.toLowerCase()));
}

function carriersOf({ secret, signature }: HookTrigger['trigger']): string[] {
  const signed = signature !== undefined && 'header' in signature ? [signature.header] : [];
  return [...(secret ? [secret.header] : []), ...signed];
}

/** What a delivery to a workflow is about. */
export function aboutOf({ record }: HookTrigger['trigger'], seen: Delivery): DeliveryAbout {
  return record ? wanted(record, seen) : {};
}

/**
 * What a delivery to a machine is about: the first transition that takes it and can tell says so. Those that take it and mean the
 * same may be fired by it; of the others it keeps why not.
 */
export function aboutInstance(held: readonly HeldTrigger[], integration: string | null, seen: Delivery): DeliveryAbout {
  const told = held.map(({ trigger, failure }) => (failure === null ? aboutOne(trigger, integration, seen) : null));
  const about = told.find((one) => one !== null && one.refused === undefined) ?? told.find((one) => one !== null) ?? {};
  const transitions = held.map(({ transition, failure }, index): HeldTransition => {
    const own = told[index] ?? {};
    const lack = failure === null ? (own.refused?.explanation.rule ?? null) : inWords(failure);
    const isSame = sameJson(asJson(own), asJson(about));
    return { code: String(transition), refused: lack === null && !isSame ? OTHER : (lack as string | null) };
  });
  return { ...about, transitions };
}

const OTHER = 'By its trigger the delivery is about something else than by that of a transition before it.';

function inWords({ code, message, problems = [] }: AutomationError): string {
  const [problem] = problems;
  return code === 'invalid_request' && problem ? `The body does not fit its schema: ${problem.path} ${problem.message}` : message;
}

function asJson(about: DeliveryAbout): JsonObject {
  return { ...about } as unknown as JsonObject;
}

/** A machine makes no record. */
function aboutOne({ record, run }: HookTrigger['trigger'], integration: string | null, seen: Delivery): DeliveryAbout {
  if (integration === null)
    return record ? wanted({ ...record, create: false }, seen) : { refused: noRecord('The trigger names no record.') };
  return rendered(() => {
    const runKey = renderJson(run ?? '', scopeOf(seen));
    if (runKey === null || runKey === '') return { refused: noRecord('There is nothing to find the run by: "run" is empty.') };
    return { integration, runKey: typeof runKey === 'string' ? runKey : JSON.stringify(runKey) };
  });
}

/** What to look for, rendered; or why nothing can be looked for. */
function wanted({ module, match, create = false, set = {} }: TriggerRecord, seen: Delivery): DeliveryAbout {
  return rendered(() => {
    const found = renderJson(match, scopeOf(seen)) as WantedRecord['match'];
    const empty = Object.keys(found).filter((name) => found[name] === null || found[name] === '');
    if (empty.length > 0) return { refused: noRecord(`There is nothing to find the record by: ${empty.join(', ')} is empty.`) };
    const fields = create ? { ...(renderJson(set, scopeOf(seen)) as WantedRecord['match']), ...found } : null;
    return { record: { module, match: found, create: fields } };
  });
}

function rendered(render: () => DeliveryAbout): DeliveryAbout {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    const [problem] = error.problems ?? [];
    return { refused: noRecord(`What to find the record by cannot be told${problem ? ` (${problem.path})` : ''}: ${error.message}`) };
  }
}

function scopeOf({ type, body, headers, query }: Delivery): { trigger: JsonObject } {
  return { trigger: { type, body, headers, query } };
}

function noRecord(rule: string): DeliveryRefusal {
  return { reason: 'record', explanation: { rule } };
}
