import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import type { BulkResult } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { navigate } from '../../ui/location.js';
import { BatchDialog } from '../batch/batch-dialog.js';
import { type Left, type Part, useBatch } from '../batch/use-batch.js';
import { commandOf, type RetryWay, RetryWayChoice } from './retry-way.js';

/** What is to be done to which runs. */
export interface BulkWork {
  kind: 'retry' | 'cancel';
  /** As the API takes it. */
  filter: Record<string, unknown>;
  /** The same in words. */
  words: string;
}

interface BulkPart extends Part {
  batchId: string | null;
  groups: BulkResult['groups'];
  sample: BulkResult['sample'];
}

/** How many runs one call takes up: so few that the bar moves, and Stop stops soon. */
const A_CALL = 100;
const HINTS = {
  failed_step: 'What is done is not done again.',
  start_same: 'New runs of the version that failed: everything is done again.',
  start_newest: 'New runs of what is published now.',
};

/** Retries or cancels many runs: first what would be taken up, then the work with a bar, then what became of it. */
export function BulkDialog({ work: { kind, filter, words }, onClose }: { work: BulkWork; onClose: () => void }): VNode {
  const isRetry = kind === 'retry';
  const [way, setWay] = useState<RetryWay>('failed_step');
  const catalog = useCatalog() as { errors?: { code: string; hint: string }[] } | null;
  const hintOf = (code: string): string => catalog?.errors?.find((error) => error.code === code)?.hint ?? '';
  const batch = useBatch<BulkPart>({
    key: way,
    previewCalls: 1,
    changes: ['runs'],
    ask: async ({ before, dryRun, note }) => {
      const going = { limit: A_CALL, reason: note, ...(before?.batchId && { batchId: before.batchId }) };
      const body = { filter, ...(isRetry && commandOf(way)), ...(dryRun ? { dryRun } : going) };
      const { matched, matchedIsExact, skipped, remaining, groups, sample, refusals, ...result } = await call<BulkResult>(
        'POST',
        `runs/${kind}`,
        {
          body,
        },
      );
      const done = dryRun ? matched : (result.retried ?? 0) + (result.cancelled ?? 0);
      const left: Left[] = refusals.map(({ code, runs, sampleRunId }) => ({
        key: code,
        count: runs,
        code,
        words: hintOf(code),
        href: sampleRunId && `runs/${sampleRunId}`,
      }));
      return {
        seen: done + skipped,
        done,
        left: skipped > 0 ? [...left, { key: '', count: skipped, words: 'in the hands of somebody else' }] : left,
        isWhole: dryRun ? matchedIsExact : remaining === 0 || done + skipped === 0,
        batchId: result.batchId ?? before?.batchId ?? null,
        groups,
        sample,
      };
    },
  });
  return (
    <BatchDialog
      batch={batch}
      title={isRetry ? 'Retry runs' : 'Cancel runs'}
      icon={isRetry ? 'retry' : 'stop'}
      danger={!isRetry}
      thing="run"
      act={(many) => `${isRetry ? 'Retry' : 'Cancel'} ${many}`}
      none={isRetry ? 'Retry none' : 'Keep them going'}
      did={isRetry ? 'retried' : 'cancelled'}
      would={({ done }) => `${done === 1 ? 'run' : 'runs'} would be ${isRetry ? 'retried' : 'cancelled'}.`}
      details={({ groups, sample }) => <Taken groups={groups} sample={sample} isRetry={isRetry} />}
      note={{ hint: 'Kept with each run and in the audit.' }}
      onward={({ batchId, done }) =>
        batchId !== null &&
        done > 0 && (
          <Button
            icon="runs"
            onClick={() => {
              onClose();
              navigate(hrefOf('runs', { batchId }));
            }}
          >
            Show these runs
          </Button>
        )
      }
      onClose={onClose}
    >
      <p>
        Which runs: <strong>{words}</strong>. {isRetry ? 'Of these, all that failed.' : 'Of these, all that are not over.'}
      </p>
      {isRetry && <RetryWayChoice value={way} onChange={setWay} hints={HINTS} />}
    </BatchDialog>
  );
}

/** What would be taken up, by workflow, failed step and reason; and what of it may happen twice. */
function Taken({ groups, sample, isRetry }: Pick<BulkPart, 'groups' | 'sample'> & { isRetry: boolean }): VNode {
  return (
    <>
      <ul class="bulk-groups">
        {groups.map(({ workflowId, workflowName, status, step, reason, runs, mayRepeat }) => (
          <li key={[workflowId, status, step, reason].join(' ')}>
            <span class="numbers bulk-number">{numberWords(runs)}</span>
            <span>
              {workflowName ?? 'Deleted workflow'}
              {step && (
                <>
                  {' '}
                  at <code>{step}</code>
                </>
              )}
              {reason && <small class="quiet"> {reason}</small>}
              {mayRepeat > 0 && isRetry && (
                <span class="mark tone-warn">
                  <Icon name="warning" size={12} />
                  {numberWords(mayRepeat)} may do something outside twice
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
      {sample.length > 0 && (
        <details>
          <summary>Some of them</summary>
          <ul class="stack">
            {sample.slice(0, 5).map(({ id, workflowName, summary }) => (
              <li key={id}>
                <a href={`runs/${id}`}>{workflowName ?? 'Deleted workflow'}</a> <span class="quiet">{summary}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {isRetry && groups.some(({ mayRepeat }) => mayRepeat > 0) && (
        <p class="tone-warn">
          A call whose answer got lost, or one that is made again, may happen twice: a mail, a webhook. Choose those runs one by one to see
          which.
        </p>
      )}
    </>
  );
}
