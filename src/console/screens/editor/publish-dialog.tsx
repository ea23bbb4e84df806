import '../../parts/drafts/drafts.css';
import './editor.css';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import type { Catalog } from '../../model/catalog.js';
import { countWords, listWords, numberWords } from '../../model/words.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import type { PublishPreview, WorkflowDetail } from './types.js';

interface PublishDialogProps {
  workflow: WorkflowItem;
  catalog: Catalog;
  /** An earlier version that is published again. */
  fromVersion?: number;
  /** Called with the path of a problem that is to be mended. */
  onProblem?: (path: string) => void;
  onPublished: (workflow: WorkflowDetail) => void;
  onClose: () => void;
}

/** What publishing changes and means, before it is done. */
export function PublishDialog({ workflow, catalog, fromVersion, onProblem, onPublished, onClose }: PublishDialogProps): VNode {
  const [preview, setPreview] = useState<PublishPreview | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [note, setNote] = useState('');
  const [isBusy, setBusy] = useState(false);
  const load = async (): Promise<void> => {
    setError(null);
    try {
      setPreview(await call<PublishPreview>('GET', `workflows/${workflow.id}/publish-preview`, { query: { fromVersion } }));
    } catch (failed) {
      setError(errorBodyOf(failed));
    }
  };
  useEffect(() => {
    void load();
  }, []);

  const publish = async (activate: boolean): Promise<void> => {
    if (preview === null) return;
    setBusy(true);
    try {
      const body = {
        ...(fromVersion === undefined ? { revision: preview.revision } : { fromVersion }),
        note: note.trim() || null,
        activate,
      };
      const published = await call<WorkflowDetail>('POST', `workflows/${workflow.id}/publish`, { body });
      void forget('workflows', `workflows/${workflow.id}`);
      toast(`Version ${published.version} is published${published.status === 'active' ? ' and active' : '; it stays paused'}.`);
      onPublished(published);
    } catch (failed) {
      const told = errorBodyOf(failed);
      // The draft has changed meanwhile: what is shown here is old.
      if (told.code === 'revision_conflict') await load();
      setError(told);
    } finally {
      setBusy(false);
    }
  };

  const next = (preview?.base ?? workflow.version ?? 0) + 1;
  const isActive = workflow.status === 'active';
  const isBlocked = preview === null || preview.problems.length > 0;
  const blocked = preview !== null && preview.problems.length > 0 ? 'The problems above have to be mended first.' : null;
  return (
    <Dialog
      title={fromVersion === undefined ? `Publish “${workflow.name}”` : `Publish version ${fromVersion} again`}
      wide
      onClose={onClose}
      footer={
        preview && (
          <>
            <Button onClick={onClose}>Leave it</Button>
            {!isActive && (
              <Button blocked={blocked} busy={isBusy} onClick={() => void publish(false)}>
                Publish v{next}, stay paused
              </Button>
            )}
            <Button kind="primary" blocked={blocked} busy={isBusy} onClick={() => void publish(true)}>
              {isActive ? `Publish v${next} and keep active` : `Publish v${next} and activate`}
            </Button>
          </>
        )
      }
    >
      {error && <ErrorPanel error={error} />}
      {preview === null ? (
        !error && <Skeleton what="what publishing would change" rows={4} />
      ) : (
        <Preview preview={preview} workflow={workflow} catalog={catalog} onProblem={onProblem} />
      )}
      {!isBlocked && (
        <Field label="Note (optional)" hint="Kept with the version: why.">
          {(told) => (
            <textarea
              {...told}
              class="textarea"
              rows={2}
              maxLength={1000}
              value={note}
              onInput={(event) => setNote(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
    </Dialog>
  );
}

function Preview({
  preview,
  workflow,
  catalog,
  onProblem,
}: {
  preview: PublishPreview;
  workflow: WorkflowItem;
  catalog: Catalog;
  onProblem: PublishDialogProps['onProblem'];
}): VNode {
  const { diff, base, problems, warnings, inFlight, matches } = preview;
  const staying = inFlight.filter(({ queued, running, waiting }) => queued + running + waiting > 0);
  return (
    <>
      {problems.length > 0 && (
        <section class="dialog-part">
          <h3>{countWords(problems.length, 'problem')} to mend first</h3>
          <ul class="problem-list">
            {problems.map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                <button type="button" class="tone-bad" onClick={() => onProblem?.(path)}>
                  <Icon name="warning" />
                  <span>{message}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="dialog-part">
        <h3>What changes</h3>
        {diff === null ? <p>It is published for the first time.</p> : <DiffView diff={diff} catalog={catalog} module={workflow.module} />}
      </section>
      {(warnings.length > 0 || staying.length > 0 || matches !== null) && (
        <section class="dialog-part">
          <h3>What it means</h3>
          <ul class="plain-list">
            {warnings.map(({ code, path, message, hint }) => (
              <li key={`${code} ${path}`} class="tone-warn">
                <Icon name="warning" />
                <span>
                  {message} {hint}
                </span>
              </li>
            ))}
            {staying.map(({ version, queued, running, waiting }) => (
              <li key={version}>
                <Icon name="runs" />
                <span>
                  Runs in flight: {listWords([...told(waiting, 'waiting'), ...told(running, 'running'), ...told(queued, 'queued')])} stay on
                  v{version}.
                </span>
              </li>
            ))}
            {matches && (
              <li>
                <Icon name="filter" />
                <span>
                  Of {matches.partial ? 'the newest ' : ''}
                  {countWords(matches.events, 'event')} of the last {matches.days} days it would have started on{' '}
                  {numberWords(matches.draft)}
                  {matches.published !== null && base !== null && `; v${base} on ${numberWords(matches.published)}`}.
                </span>
              </li>
            )}
          </ul>
        </section>
      )}
    </>
  );
}

function told(count: number, word: string): string[] {
  return count === 0 ? [] : [`${numberWords(count)} ${word}`];
}
