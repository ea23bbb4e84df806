import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call, type ErrorBody } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { RetriedStep, RetryPreview, RunDetail } from '../../api/types.js';
import { stepKindWords } from '../../model/definition-words.js';
import { countWords, listWords } from '../../model/words.js';
import { NoteField } from '../../ui/field.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import type { Tone } from '../../ui/status.js';
import { ActionDialog } from '../dialogs/action-dialog.js';
import { usePreview } from '../dialogs/use-preview.js';
import { commandOf, type RetryWay, RetryWayChoice } from './retry-way.js';

/** Retries a run after saying what that will do: again, not again, and perhaps twice. */
export function RetryDialog({ run, onClose }: { run: RunDetail; onClose: () => void }): VNode {
  const canGoOn = run.status === 'failed';
  const [way, setWay] = useState<RetryWay>(canGoOn ? 'failed_step' : 'start_same');
  const [reason, setReason] = useState('');
  const retry = <Answer,>(body: object): Promise<Answer> => call('POST', `runs/${run.id}/retry`, { body: { ...commandOf(way), ...body } });
  const { preview, error } = usePreview(way, () => retry<RetryPreview>({ dryRun: true }));
  const refused = error ?? preview?.refused ?? null;
  const { same = run.version, newest = null, differs = [] } = preview?.version ?? {};
  return (
    <ActionDialog
      wide
      title="Retry this run"
      keep="Leave it"
      verb="Retry"
      icon="retry"
      blocked={preview === null ? 'It is being found out what that would do' : (refused?.message ?? null)}
      act={() => retry<RunDetail>({ reason: reason.trim() || null })}
      onDone={({ id }) => {
        toast('The run goes on.');
        void forget('runs');
        if (id !== run.id) navigate(`runs/${id}`);
      }}
      onClose={onClose}
    >
      {(failed) => (
        <>
          <RetryWayChoice
            value={way}
            onChange={setWay}
            hints={{
              failed_step: `This run goes on, on version ${same}. What is done is not done again.`,
              start_same: `A new run on version ${same}.`,
              start_newest: newestWords(same, newest, differs),
            }}
            blocked={canGoOn ? null : 'Only a run that failed can go on.'}
          />
          {refused && <ErrorPanel error={refused} />}
          <RetriedAs refused={failed ?? refused} run={run} />
          {preview === null && !error ? (
            <Skeleton what="what that would do" rows={3} />
          ) : (
            preview && !refused && <Preview preview={preview} />
          )}
          <NoteField hint="Kept with the run and in the audit." value={reason} onChange={setReason} />
        </>
      )}
    </ActionDialog>
  );
}

/** Somebody was faster. */
function RetriedAs({ refused, run }: { refused: ErrorBody | null; run: RunDetail }): VNode | null {
  const id = refused && (refused.details?.retriedAs ?? run.retriedAs);
  if (!id) return null;
  return (
    <p>
      Somebody has retried it: <a href={`runs/${id}`}>the run that repeats it</a>.
    </p>
  );
}

function newestWords(same: number, newest: number | null, differs: readonly string[]): string {
  if (newest === null) return 'Nothing is published now.';
  if (newest === same) return `Version ${same} is the newest.`;
  const told = differs.slice(0, 3);
  const more = differs.length > told.length ? ` and ${differs.length - told.length} more` : '';
  return `A new run on version ${newest}${told.length > 0 ? `, where ${listWords(told)}${more} ${differs.length === 1 ? 'differs' : 'differ'}` : ''}.`;
}

function Preview({ preview: { again, kept, mayRepeat } }: { preview: RetryPreview }): VNode {
  return (
    <section class="stack" aria-label="What will happen">
      <Steps
        icon="warning"
        tone="warn"
        title="May happen twice"
        steps={mayRepeat}
        hint="It did something already, or its answer got lost."
      />
      <Steps icon="play" tone="info" title="Will be done now" steps={again} hint="What follows and was never reached, too." />
      <Steps icon="check" tone="ok" title="Done, and not done again" steps={kept} />
    </section>
  );
}

function Steps({
  icon,
  tone,
  title,
  steps,
  hint,
}: {
  icon: IconName;
  tone: Tone;
  title: string;
  steps: readonly RetriedStep[];
  hint?: ComponentChildren;
}): VNode | null {
  const catalog = useCatalog();
  if (steps.length === 0) return null;
  const shown = steps.slice(0, 20);
  return (
    <div>
      <h3 class={`row tone-${tone}`}>
        <Icon name={icon} />
        {title}
      </h3>
      <ul class="retry-steps">
        {shown.map(({ path, name, type }) => (
          <li key={path}>
            {name ?? stepKindWords(type, catalog)} <code class="quiet">{path}</code>
          </li>
        ))}
        {steps.length > shown.length && <li>{countWords(steps.length - shown.length, 'more', 'more')}</li>}
      </ul>
      {hint && <small class="quiet">{hint}</small>}
    </div>
  );
}
