import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { CaptureTrigger } from '../../host/crm-host.js';
import { installedTriggers, runTogether } from '../../store/capture-store.js';

/** What of the triggers has to be done: created or replaced, and removed. */
interface TriggerPlan {
  missing: CaptureTrigger[];
  statements: string[];
}

/**
 * Brings the triggers of the captured modules up to date, or refuses to go on where that is not to be done here. Nothing is
 * sent when they are: a trigger needs a lock that waits for the table's writers. Triggers of modules that come by another
 * door (`others`) are removed.
 */
export async function bringTriggersUpToDate(
  manager: EntityManager,
  { wanted, others, mode }: { wanted: readonly CaptureTrigger[]; others: readonly string[]; mode: 'auto' | 'check' },
): Promise<void> {
  const { missing, statements } = await planTriggers(manager, wanted, others);
  if (statements.length === 0) return;
  if (mode === 'check') {
    throw new AutomationError(
      'schema_behind',
      `The triggers that capture ${missing.map(({ module }) => module).join(', ')} are not up to date.`,
      {
        hint: `Run this (captureSql() prints it, installCapture() runs it), or start one process with \`migrate: auto\`:\n${statements.join(';\n')};`,
      },
    );
  }
  try {
    await runTogether(manager, statements);
  } catch (cause) {
    throw new AutomationError(
      'capture_not_installed',
      `The triggers that capture ${missing.map(({ module }) => module).join(', ')} could not be installed: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        hint: 'The role needs TRIGGER on the table, and the table a moment without writers. captureSql() prints what is to be run.',
        cause,
      },
    );
  }
  new Logger('AutomationEvents').log(
    `Triggers brought up to date: ${missing.map(({ module, table }) => `${module} on ${table}`).join(', ')}.`,
  );
}

async function planTriggers(manager: EntityManager, wanted: readonly CaptureTrigger[], others: readonly string[]): Promise<TriggerPlan> {
  const installed = await installedTriggers(manager);
  const missing = wanted.filter(
    ({ name, table, fingerprint }) =>
      !installed.some((one) => one.name === name && one.fingerprint === fingerprint && one.tables.includes(table)),
  );
  const names = new Set(others.map((module) => `capture_${module}`));
  const dropped = installed.filter(({ name }) => names.has(name)).map(({ drop }) => drop);
  return { missing, statements: [...missing.flatMap(({ statements }) => statements), ...dropped] };
}
