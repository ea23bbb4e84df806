import './bulk-dialog.css';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call, type ErrorBody } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { BulkResult } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { boundedCount } from '../../model/run-filter.js';
import { countWords, numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Choices, Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { announce } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';

/** What is to be done to which runs. */
export interface BulkWork {
  kind: 'retry' | 'cancel';
  /** As the API takes it. */
  filter: Record<string, unknown>;
  /** The same in words. */
  words: string;
}

type Way = 'failed_step' | 'start_same' | 'start_newest';

/** How many runs one call takes up: so few that the bar moves, and Stop stops soon. */
const A_CALL = 100;

/** How far it is. */
interface Progress {
  batchId: string | null;
  done: number;
  skipped: number;
  of: number;
  refusals: BulkResult['refusals'];
  isOver: boolean;
  error: ErrorBody | null;
}

/** Retries or cancels many runs: first what would be taken up, then the work with a bar, then what became of it. */
export function BulkDialog({ work, onClose }: { work: BulkWork; onClose: () => void }): VNode {
  const isRetry = work.kind === 'retry';
  const [way, setWay] = useState<Way>('failed_step');
  const [reason, setReason] = useState('');
  const [preview, setPreview] = useState<BulkResult | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const stopped = useRef(false);
  const command = isRetry ? commandOf(way) : {};

  useEffect(() => {
    let isOld = false;
    setError(null);
    call<BulkResult>('POST', `runs/${work.kind}`, { body: { filter: work.filter, ...command, dryRun: true } }).then(
      (result) => !isOld && setPreview(result),
      (reason: unknown) => !isOld && setError(bodyOf(reason)),
    );
    return () => {
      isOld = true;
    };
  }, [way]);

  const start = async (): Promise<void> => {
    stopped.current = false;
    let now: Progress = { batchId: null, done: 0, skipped: 0, of: preview?.matched ?? 0, refusals: [], isOver: false, error: null };
    setProgress(now);
    while (!now.isOver) {
      try {
        const body = {
          filter: work.filter,
          ...command,
          limit: A_CALL,
          reason: reason.trim() || null,
          ...(now.batchId && { batchId: now.batchId }),
        };
        const result = await call<BulkResult>('POST', `runs/${work.kind}`, { body });
        const taken = (result.retried ?? 0) + (result.cancelled ?? 0);
        const nothing = taken === 0 && result.skipped === 0;
        now = {
          ...now,
          batchId: result.batchId ?? now.batchId,
          done: now.done + taken,
          skipped: now.skipped + result.skipped,
          refusals: [...now.refusals, ...result.refusals],
          isOver: result.remaining === 0 || nothing || stopped.current,
        };
      } catch (failure) {
        now = { ...now, isOver: true, error: bodyOf(failure) };
      }
      setProgress(now);
    }
    announce(doneWords(isRetry, now));
    await forget('runs');
  };

  const close = (): void => {
    stopped.current = true;
    onClose();
  };
  const matched = preview?.matched ?? 0;
  const verb = isRetry ? 'Retry' : 'Cancel';
  return (
    <Dialog
      wide
      title={isRetry ? 'Retry runs' : 'Cancel runs'}
      onClose={close}
      footer={
        progress === null ? (
          <>
            <Button onClick={close}>{isRetry ? 'Retry none' : 'Keep them going'}</Button>
            <Button
              kind={isRetry ? 'primary' : 'danger'}
              icon={isRetry ? 'retry' : 'stop'}
              blocked={
                preview === null ? 'It is being found out what would be taken up' : matched === 0 ? 'There is none to take up' : null
              }
              onClick={() => void start()}
            >
              {preview === null ? verb : `${verb} ${boundedCount(matched, preview.matchedIsExact)} ${matched === 1 ? 'run' : 'runs'}`}
            </Button>
          </>
        ) : progress.isOver ? (
          <>
            {progress.batchId !== null && progress.done > 0 && (
              <Button
                icon="runs"
                onClick={() => {
                  close();
                  navigate(hrefOf('runs', { batchId: progress.batchId }));
                }}
              >
                Show these runs
              </Button>
            )}
            <Button kind="primary" onClick={close}>
              Close
            </Button>
          </>
        ) : (
          <Button
            icon="stop"
            onClick={() => {
              stopped.current = true;
            }}
          >
            Stop
          </Button>
        )
      }
    >
      {progress !== null ? (
        <Result isRetry={isRetry} progress={progress} />
      ) : (
        <>
          <p>
            Which runs: <strong>{work.words}</strong>. {isRetry ? 'Of these, all that failed.' : 'Of these, all that are not over.'}
          </p>
          {isRetry && (
            <Choices<Way>
              legend="From where"
              value={way}
              onChange={setWay}
              options={[
                { value: 'failed_step', label: 'From the failed step', hint: 'What is done is not done again.' },
                {
                  value: 'start_same',
                  label: 'From the start, same version',
                  hint: 'New runs of the version that failed: everything is done again.',
                },
                { value: 'start_newest', label: 'From the start, newest version', hint: 'New runs of what is published now.' },
              ]}
            />
          )}
          {error ? (
            <ErrorPanel error={error} />
          ) : preview === null ? (
            <Skeleton what="what would be taken up" rows={3} />
          ) : (
            <Preview isRetry={isRetry} preview={preview} />
          )}
          <Field label="Reason" hint="Kept with each run and in the audit.">
            {(control) => (
              <input {...control} class="input" maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
            )}
          </Field>
        </>
      )}
    </Dialog>
  );
}

function Preview({ isRetry, preview: { matched, matchedIsExact, groups, refusals } }: { isRetry: boolean; preview: BulkResult }): VNode {
  const repeating = groups.reduce((sum, { mayRepeat }) => sum + mayRepeat, 0);
  return (
    <section class="stack" aria-label="What would be taken up">
      <p class="bulk-count">
        <strong class="numbers">{boundedCount(matched, matchedIsExact)}</strong> {matched === 1 ? 'run' : 'runs'} would be{' '}
        {isRetry ? 'retried' : 'cancelled'}.
      </p>
      {groups.length > 0 && (
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
      )}
      {repeating > 0 && isRetry && (
        <p class="tone-warn">
          A call whose answer got lost, or one that is made again, may happen twice: a mail, a webhook. Choose those runs one by one to see
          which.
        </p>
      )}
      <Refusals refusals={refusals} />
    </section>
  );
}

function Refusals({ refusals }: { refusals: BulkResult['refusals'] }): VNode | null {
  const catalog = useCatalog() as { errors?: { code: string; hint: string }[] } | null;
  if (refusals.length === 0) return null;
  return (
    <div>
      <h3>Left out</h3>
      <ul class="bulk-groups">
        {refusals.map(({ code, runs, sampleRunId }) => (
          <li key={code}>
            <span class="numbers bulk-number">{numberWords(runs)}</span>
            <span>
              <code>{code}</code> {catalog?.errors?.find((error) => error.code === code)?.hint}{' '}
              {sampleRunId && <a href={`runs/${sampleRunId}`}>one of them</a>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Result({ isRetry, progress }: { isRetry: boolean; progress: Progress }): VNode {
  const { done, skipped, of, isOver, error, refusals } = progress;
  const most = Math.max(of, done + skipped, 1);
  return (
    <div class="stack">
      <label class="bulk-bar">
        <span>{isOver ? doneWords(isRetry, progress) : `${numberWords(done + skipped)} of ${numberWords(most)} …`}</span>
        <progress value={isOver ? most : done + skipped} max={most} />
      </label>
      {skipped > 0 && <p>{countWords(skipped, 'run')} left to somebody else who had them in hand.</p>}
      {error && <ErrorPanel error={error} />}
      <Refusals refusals={refusals} />
    </div>
  );
}

function doneWords(isRetry: boolean, { done, error }: Progress): string {
  const words = `${countWords(done, 'run')} ${isRetry ? 'retried' : 'cancelled'}.`;
  return error ? `${words} Then it stopped.` : words;
}

function commandOf(way: Way): { from: string; version?: string } {
  if (way === 'failed_step') return { from: 'failed_step' };
  return { from: 'start', version: way === 'start_same' ? 'same' : 'newest' };
}

function bodyOf(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  return { statusCode: 0, code: 'unknown', message: String(error) };
}
