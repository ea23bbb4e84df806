import { type ActionDefinition, maskArguments, prepareArguments } from '../../actions/define-action.js';
import { builtInActions } from '../../actions/index.js';
import type { ActionRegistry } from '../../actions/registry.js';
import type { JsonObject } from '../../core/json.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { sampleOutput } from '../../core/sample.js';
import type { Scope } from '../../core/scope.js';
import type { ActionStep } from '../../core/steps/action.js';
import { jsonBytes } from '../../core/storable-json.js';
import { inSavepoint } from '../../store/savepoint.js';
import { toLoggedFailure } from '../failures.js';
import type { ExternalSteps } from '../running/external-steps.js';
import { extractedBy } from '../running/extraction.js';
import type { HeldRun } from '../running/held-run.js';
import type { LocalSteps } from '../running/local-steps.js';
import { beginAttempt, logFailure, logSuccess } from '../running/step-log.js';
import type { StepScopes } from '../running/step-scopes.js';
import { timeoutOf, withTimeout } from '../running/step-timeout.js';
import type { StepTransaction } from '../running/step-transaction.js';
import { PREVIEWED_SECRETS } from '../secrets/secret-vault.js';

/** How long an action may take to say what it would send: a person waits for it, and it holds a connection. */
const MOST_MS = 5_000;

/** How long a preview takes up to begin another step, and how much its steps may have to show together. */
const MOST_MS_ALTOGETHER = 15_000;
const MOST_SHOWN_BYTES = 8 * 1024 * 1024;

/** Ends a preview that has taken too long, or has too much to show: a loop may send five hundred mails. */
export class PreviewTooLarge extends Error {}

/** What a preview knows of the steps that it has passed. */
export interface PreviewNotes {
  /** What external steps would have sent, by path. */
  sent: Map<string, JsonObject>;
  /** The steps whose output is a sample, by path. */
  sampled: Set<string>;
}

/**
 * Steps as a preview performs them. Our own local actions are executed as in a run, by a unit of work that notes what it would
 * write; of whatever might reach outside (external actions, and a host's own, whose code may do anything) the arguments are
 * prepared as in a run, what would be sent is asked for where the action can tell, and the output is a sample.
 */
export class PreviewedSteps {
  private readonly until = performance.now() + MOST_MS_ALTOGETHER;
  private shownBytes = 0;

  constructor(
    private readonly actions: ActionRegistry,
    private readonly scopes: StepScopes,
    private readonly local: LocalSteps,
    private readonly notes: PreviewNotes,
    /** Outputs that the caller wants to be left, by the id of the step. */
    private readonly samples: JsonObject,
  ) {}

  readonly asLocal: Pick<LocalSteps, 'perform' | 'needsOwnTransaction'> = {
    needsOwnTransaction: () => false,
    perform: async (run, ready, step, action, tx) => {
      if (!builtInActions.includes(action)) return this.show(run, ready, step, action, tx);
      this.assertRoom();
      const done = run.executions.length;
      await inSavepoint(tx.manager, async () => this.local.perform(run, ready, step, action, tx)).catch((error: unknown) => {
        // What a run would repeat in a transaction of its own; here it is the end of the step.
        tx.unit.forget();
        run.executions.length = done;
        logFailure(run, ready, beginAttempt(tx), toLoggedFailure(error instanceof Error && error.cause ? error.cause : error));
      });
      this.note(run.executions.at(-1)?.input);
    },
  };

  readonly asExternal: Pick<ExternalSteps, 'begin'> = {
    begin: async (run, ready, tx) => {
      const step = ready.step as ActionStep;
      await this.show(run, ready, step, this.actions.get(step.type) as ActionDefinition, tx);
      // Nothing is under way: the planner goes on at once.
      return 'failed';
    },
  };

  private async show(run: HeldRun, ready: ReadyStep, step: ActionStep, action: ActionDefinition, tx: StepTransaction): Promise<void> {
    this.assertRoom();
    const attempt = beginAttempt(tx);
    let seen: Scope | undefined;
    try {
      await inSavepoint(tx.manager, async () => {
        const scope = await this.scopes.of(
          run,
          ready,
          { manager: tx.manager, unit: tx.unit, now: attempt.startedAt, writes: tx.writes },
          'read',
        );
        seen = scope;
        const args = prepareArguments(action, step.with, scope);
        attempt.input = maskArguments(action, args);
        if (action.effect === 'local' || !action.preview) return;
        const { preview } = action;
        const context = {
          ...this.scopes.contextOf(run, ready, scope, attempt.startedAt),
          crm: lookupOf(run, ready, tx),
          secrets: PREVIEWED_SECRETS,
        };
        const shown = await withTimeout(Math.min(timeoutOf(step), MOST_MS), { id: step.id, effect: 'local' }, (signal) =>
          preview(args, { ...context, signal }),
        );
        this.notes.sent.set(ready.path, shown);
        this.note(shown);
      });
      this.notes.sampled.add(ready.path);
      const given = this.samples[step.id] as JsonObject | undefined;
      const output = given ?? sampleOutput(action.output ?? {}, attempt.startedAt);
      logSuccess(run, ready, attempt, output, extractedBy(run, ready, seen as Scope, output));
    } catch (error) {
      logFailure(run, ready, attempt, toLoggedFailure(error));
    }
    this.note(attempt.input);
  }

  private assertRoom(): void {
    if (performance.now() > this.until || this.shownBytes > MOST_SHOWN_BYTES) throw new PreviewTooLarge();
  }

  private note(shown: JsonObject | null | undefined): void {
    this.shownBytes += jsonBytes(shown ?? null);
  }
}

/** What an external action may ask of the CRM, in the preview's own transaction: it sees what the steps before would have written. */
function lookupOf(run: HeldRun, { path }: ReadyStep, { unit }: StepTransaction) {
  const session = unit.forStep({
    workspaceId: run.workspaceId,
    actor: run.actorOfItsEvents,
    cause: { ...run.causeOfItsEvents, step: path },
    timezone: 'UTC',
  });
  return { findUsers: session.findUsers.bind(session), getRecord: (ref: Parameters<typeof session.get>[0]) => session.get(ref) };
}
