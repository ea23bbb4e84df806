import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CONTEXT_BYTES } from '../../core/extract.js';
import type { JsonObject } from '../../core/json.js';
import { type ContextValue, loadContexts, patchContexts } from '../../store/context-store.js';
import { loadRunContexts, writeRunContexts } from '../../store/runs/context.js';
import type { HeldRun } from './held-run.js';
import type { AdvancedRun } from './run-advancer.js';

/** The context of a workflow has no room for what some runs put there: the transaction must roll back, and they are told. */
export class ContextFull extends Error {
  override readonly name = 'ContextFull';
  constructor(readonly runIds: ReadonlySet<string>) {
    super(`the context of the workflow is full: ${[...runIds].join(', ')}`);
  }
}

/**
 * The workflows' own contexts as runs see them: a run takes the values with it as they are when it begins, and from then on
 * its own changes alone, so that a step which is repeated sees what it saw. Runs of versions that use no context cost nothing.
 */
@Injectable()
export class WorkflowContexts {
  /** Gives the contexts to runs that begin. */
  async begin(manager: EntityManager, runs: readonly HeldRun[]): Promise<void> {
    const using = runs.filter(({ version }) => version.usesContext);
    if (using.length === 0) return;
    const contexts = await loadContexts(
      manager,
      using.map(({ workspaceId, version }) => ({ workspaceId, workflowId: version.workflow.id })),
    );
    for (const run of using) {
      const values = contexts.get(run.version.workflow.id) ?? {};
      run.contextAtStart = { values, isWritten: false };
    }
  }

  /** Gives to runs that go on what they began with; those that have not begun yet begin. */
  async restore(manager: EntityManager, runs: readonly HeldRun[]): Promise<void> {
    const using = runs.filter(({ version }) => version.usesContext);
    if (using.length === 0) return;
    const contexts = await loadRunContexts(manager, using);
    for (const run of using) {
      const values = contexts.get(run.id);
      if (values) run.contextAtStart = { values, isWritten: true };
    }
    await this.begin(
      manager,
      using.filter(({ contextAtStart }) => contextAtStart === null),
    );
  }

  /** Writes what runs began with, and what their steps have put into the contexts since. Throws {@link ContextFull}. */
  async write(manager: EntityManager, advanced: readonly AdvancedRun[]): Promise<void> {
    const using = advanced.filter(({ run }) => run.contextAtStart !== null);
    if (using.length === 0) return;
    await writeRunContexts(manager, using.filter(mayGoOn).flatMap(startOf));
    const patches = using.flatMap(({ run }) => patchesOf(run));
    if (patches.length === 0) return;
    const full = await patchContexts(manager, patches, CONTEXT_BYTES);
    if (full.size === 0) return;
    const guilty = using.filter(({ run }) => full.has(run.version.workflow.id) && patchesOf(run).some(({ value }) => value !== null));
    throw new ContextFull(new Set(guilty.map(({ run }) => run.id)));
  }
}

/** One that has succeeded is never looked at again, and one that has not begun begins when it does. */
function mayGoOn({ advance }: AdvancedRun): boolean {
  return advance.kind !== 'queued' && !(advance.kind === 'finished' && advance.outcome.status === 'succeeded');
}

function startOf({ run }: AdvancedRun): { workspaceId: string; id: string; context: JsonObject }[] {
  const { workspaceId, id, contextAtStart } = run;
  return contextAtStart === null || contextAtStart.isWritten ? [] : [{ workspaceId, id, context: contextAtStart.values }];
}

/** In the order of the history: of one key the last value counts. */
function patchesOf(run: HeldRun): ContextValue[] {
  const { workspaceId, version } = run;
  return run.unwritten.flatMap(({ extracted }) =>
    Object.entries(extracted?.workflow ?? {}).map(([key, value = null]) => ({ workspaceId, workflowId: version.workflow.id, key, value })),
  );
}
