import type { EntityManager } from 'typeorm';
import type { DomainEvent } from '../../core/event.js';
import { type DeliveryRefusal, refusalOf } from '../../core/trigger/delivery.js';
import { noteSubjects } from '../../store/deliveries.js';

/** Whether an event is a delivery to the URL of a workflow or a machine, which it names. */
export function isDelivery({ target, trigger }: Pick<DomainEvent, 'target' | 'trigger'>): boolean {
  return target !== null && trigger?.type === 'webhook';
}

/**
 * Notes on deliveries to machines that they have met no instance, for whoever looks at the event. One whose record was not found
 * says so already. Costs a statement only where there is such a one.
 */
export function noteUnmet(manager: EntityManager, unmet: readonly { event: DomainEvent; isEnabled: boolean }[]): Promise<void> {
  const told = unmet.filter(({ event }) => isDelivery(event) && refusalOf(event.trigger) === null);
  return noteSubjects(
    manager,
    told.map(({ event: { workspaceId, id, recordId, module, trigger }, isEnabled }) => {
      const subject = recordId === null ? `run ${String(trigger?.runKey)}` : `${module} ${recordId}`;
      const refused: DeliveryRefusal = isEnabled
        ? { reason: 'record', explanation: { rule: `The machine has no instance for ${subject}, and none begins by such a delivery.` } }
        : { reason: 'paused', explanation: { rule: 'The machine was disabled when the delivery was looked at.' } };
      return { workspaceId, id, recordId, trigger: { ...trigger, refused: { ...refused } } };
    }),
  );
}
