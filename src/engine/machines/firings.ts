import type { Cause } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { NotFired } from '../../core/machine/choose.js';
import type { ClaimedEvent } from '../../store/event-claims.js';
import type { Firing } from '../../store/machines/instances.js';
import type { MachineVersion } from './machine-versions.js';

/** What has set something off, as the history shows it: what a start calls itself, else the kind of trigger that heard it. */
export function firingOf({ id: eventId, actor, trigger, cause }: ClaimedEvent, heardBy: string, explanation: Json): Firing {
  return { trigger: typeof trigger?.type === 'string' ? trigger.type : heardBy, actor, eventId, explanation, cause };
}

/** The chain behind what follows from the end of a transition's run. */
export function causeBehind(
  { cause, module, recordId }: ClaimedEvent,
  machine: MachineVersion['machine'],
  transition: string,
  runId: string,
): Cause {
  const link = { workflowId: machine.id, workflowName: machine.name, module: module ?? '', recordId, transition };
  return { runId, depth: (cause?.depth ?? 0) + 1, path: [...(cause?.path ?? []), link] };
}

/** The comment of whoever fired it, its conditions, and those that were asked before it; null when there is nothing of it. */
export function explanationOf({ trigger }: ClaimedEvent, held: Json, notFired: readonly NotFired[]): Json {
  const conditions = held === null ? {} : { conditions: held };
  const comment = typeof trigger?.comment === 'string' ? { comment: trigger.comment } : {};
  const asked = notFired.length === 0 ? {} : { notFired: notFired as unknown as Json };
  const explanation = { ...comment, ...conditions, ...asked };
  return Object.keys(explanation).length === 0 ? null : explanation;
}

/** Why something did not fire, where a rule in words says it. */
export function because(transition: string | null, reason: NotFired['reason'], rule: string): NotFired {
  return { transition, reason, explanation: { rule } };
}
