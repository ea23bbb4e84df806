import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { RetriedStep, RetryPreview, RunDetail } from '../../api/types.js';
import { stepKindWords } from '../../model/definition-words.js';
import { countWords, listWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { NoteField } from '../../ui/field.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import type { Tone } from '../../ui/status.js';
import { commandOf, type RetryWay, RetryWayChoice } from './retry-way.js';

/** Retries a run after saying what that will do: again, not again, and perhaps twice. */
export function RetryDialog({ run, onClose }: { run: RunDetail; onClose: () => void }): VNode {
  const canGoOn = run.status === 'failed';
  const [way, setWay] = useState<RetryWay>(canGoOn ? 'failed_step' : 'start_same');
  const [reason, setReason] = useState('');
  const [preview, setPreview] = useState<RetryPreview | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const command = commandOf(way);

  useEffect(() => {
    let isOld = false;
    setError(null);
    call<RetryPreview>('POST', `runs/${run.id}/retry`, { body: { ...command, dryRun: true } }).then(
      (answer) => !isOld && setPreview(answer),
      (failure: unknown) => !isOld && setError(errorBodyOf(failure)),
    );
    return () => {
      isOld = true;
    };
  }, [way]);

  const retry = async (): Promise<void> => {
    setBusy(true);
    try {
      const next = await call<RunDetail>('POST', `runs/${run.id}/retry`, { body: { ...command, reason: reason.trim() || null } });
      onClose();
      toast('The run goes on.');
      await forget('runs');
      if (next.id !== run.id) navigate(`runs/${next.id}`);
    } catch (failure) {
      setError(errorBodyOf(failure));
      setBusy(false);
    }
  };
  const refused = error ?? preview?.refused ?? null;
  const retriedAs = refused && (refused.details?.retriedAs ?? run.retriedAs);
  const { same = run.version, newest = null, differs = [] } = preview?.version ?? {};
  return (
    <Dialog
      wide
      title="Retry this run"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            kind="primary"
            icon="retry"
            busy={isBusy}
            blocked={preview === null ? 'It is being found out what that would do' : refused ? refused.message : null}
            onClick={() => void retry()}
          >
            Retry
          </Button>
        </>
      }
    >
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
      {retriedAs && (
        <p>
          Somebody has retried it: <a href={`runs/${retriedAs}`}>the run that repeats it</a>.
        </p>
      )}
      {preview === null && !error ? <Skeleton what="what that would do" rows={3} /> : preview && !refused && <Preview preview={preview} />}
      <NoteField hint="Kept with the run and in the audit." value={reason} onChange={setReason} />
    </Dialog>
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
