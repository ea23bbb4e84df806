import { IsString } from 'class-validator';
import { type ActionDefinition, defineAction } from '../../../src/actions/define-action.js';
import { HostError as AutomationError, type Retryability } from '../../../src/core/errors.js';
import { Task } from '../../support/sample-crm.js';

/** How an attempt ends. */
export type Ending = 'succeed' | 'transient' | 'permanent' | 'ambiguous';

/** One call that reached the far side of the action `call`. */
export interface Call {
  node: string;
  workspaceId: string;
  runId: string;
  path: string;
  attempt: number;
  key: string;
  /** What was answered; null: the caller still waits. */
  ending: Ending | null;
  end(ending: Ending): void;
}

/** How the next attempts of a workspace's actions end, taken from the front; empty: `call` waits for a command, `write` succeeds. */
export interface Script {
  call: Ending[];
  write: Ending[];
}

class CallArguments {
  @IsString() to!: string;
}

class WriteArguments {
  @IsString() title!: string;
}

const RETRY: Record<Exclude<Ending, 'succeed'>, Retryability> = {
  transient: { kind: 'transient' },
  permanent: { kind: 'permanent' },
  ambiguous: { kind: 'ambiguous' },
};

function failureOf(ending: Exclude<Ending, 'succeed'>): AutomationError {
  return new AutomationError(`scripted_${ending}`, 'The script says so.', { retry: RETRY[ending] });
}

/** The actions of one node: an external one whose far side answers when a command says so, and a local one that may fail after it has written. */
export function scriptedActions(node: string, calls: Call[], scriptOf: (workspaceId: string) => Script): ActionDefinition[] {
  const call = defineAction({
    type: 'call',
    label: 'Call',
    effect: 'external',
    arguments: CallArguments,
    execute: (_, step) =>
      new Promise((resolve, reject) => {
        const { workspaceId, runId, path, attempt, idempotencyKey } = step;
        const made: Call = {
          ...{ node, workspaceId, runId, path, attempt, key: idempotencyKey, ending: null },
          end(ending) {
            made.ending = ending;
            if (ending === 'succeed') resolve({ attempt });
            else reject(failureOf(ending));
          },
        };
        calls.push(made);
        const scripted = scriptOf(workspaceId).call.shift();
        if (scripted) made.end(scripted);
      }),
  });
  const write = defineAction({
    type: 'write',
    label: 'Write',
    effect: 'local',
    arguments: WriteArguments,
    async execute({ title }, step) {
      await step.manager.getRepository(Task).insert({ workspaceId: step.workspaceId, title, recordId: step.record?.id ?? null });
      const ending = scriptOf(step.workspaceId).write.shift() ?? 'succeed';
      if (ending !== 'succeed') throw failureOf(ending);
      return { attempt: step.attempt };
    },
  });
  return [call, write];
}
