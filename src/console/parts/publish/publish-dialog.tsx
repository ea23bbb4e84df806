import '../drafts/drafts.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { Problem } from '../../api/types.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { TextArea } from '../../ui/text-area.js';
import { DialogError } from '../dialogs/action-dialog.js';
import { useAction } from '../dialogs/use-action.js';

/** What publishing changes and means, as it is asked beforehand. */
export interface Publication {
  revision: number;
  /** The version that is published now; null: none is. */
  base: number | null;
  isOn: boolean;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  /** What is other than what is published; null: nothing is. */
  diff: VNode | null;
  /** What follows from it, one by one. */
  meaning: readonly { icon: IconName; words: string }[];
}

/** What came of it, as far as it is told. */
interface Published {
  version: number | null;
  status: string;
}

interface PublishDialogProps<Answer extends Published> {
  kind: 'workflows' | 'machines';
  id: string;
  name: string;
  /** An earlier version that is published again. */
  fromVersion?: number;
  /** What it is called when it is on, when it is off, and to turn it on: active, paused, activate. */
  words: { on: string; off: string; turnOn: string };
  load: () => Promise<Publication>;
  /** What else is sent. */
  body?: object;
  /** Called with the path of a problem that is to be mended. */
  onProblem?: (path: string) => void;
  onPublished: (answer: Answer) => void;
  onClose: () => void;
  /** What else is to be decided. */
  children?: (next: number) => ComponentChildren;
}

/** What publishing changes and means, before it is done. */
export function PublishDialog<Answer extends Published>({
  kind,
  id,
  name,
  fromVersion,
  words,
  load,
  body,
  onProblem,
  onPublished,
  onClose,
  children,
}: PublishDialogProps<Answer>): VNode {
  const [known, setKnown] = useState<Publication | null>(null);
  const [note, setNote] = useState('');
  const isAgain = fromVersion !== undefined;
  const asking = useAction(`What publishing “${name}” would change could not be asked`);
  const { isBusy, error, run } = useAction(`“${name}” could not be published`);
  const look = (): Promise<void> => asking.run(async () => setKnown(await load()));
  useEffect(() => void look(), []);

  const publish = (activate: boolean): Promise<void> =>
    run(async () => {
      if (known === null) return;
      const which = isAgain ? { fromVersion } : { revision: known.revision };
      try {
        const published = await call<Answer>('POST', `${kind}/${id}/publish`, {
          body: { ...which, note: note.trim() || null, activate, ...body },
        });
        toast(
          `Version ${published.version} is published${published.status === 'active' ? ` and ${words.on}` : `; it stays ${words.off}`}.`,
        );
        onPublished(published);
        void forget(kind, 'instances');
      } catch (failure) {
        // The draft has changed meanwhile: what is shown here is old.
        if (failure instanceof ApiError && failure.code === 'revision_conflict') await look();
        throw failure;
      }
    });

  const problems = known?.problems ?? [];
  const blocked = problems.length > 0 ? 'The problems have to be mended first' : null;
  const next = (known?.base ?? 0) + 1;
  return (
    <Dialog
      title={isAgain ? `Publish version ${fromVersion} again` : `Publish “${name}”`}
      wide
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          {known && !known.isOn && (
            <Button blocked={blocked} busy={isBusy} onClick={() => void publish(false)}>
              Publish v{next}, stay {words.off}
            </Button>
          )}
          {known && (
            <Button kind="primary" blocked={blocked} busy={isBusy} onClick={() => void publish(true)}>
              Publish v{next} and {known.isOn ? `keep ${words.on}` : words.turnOn}
            </Button>
          )}
        </>
      }
    >
      {known === null && asking.error === null && <Skeleton what="what publishing would change" rows={4} />}
      {known && (
        <>
          <Problems problems={problems} onProblem={onProblem} />
          <Meaning known={known} />
          {children?.(next)}
          {blocked === null && (
            <TextArea label="Note (optional)" hint="Kept with the version: why." maxLength={1000} value={note} onChange={setNote} />
          )}
        </>
      )}
      <DialogError error={error ?? asking.error} />
    </Dialog>
  );
}

function Problems({
  problems,
  onProblem,
}: {
  problems: readonly Problem[];
  onProblem: ((path: string) => void) | undefined;
}): VNode | null {
  if (problems.length === 0) return null;
  const title = `${countWords(problems.length, 'problem')} to mend first`;
  if (!onProblem) return <ErrorPanel error={{ message: title, problems }} />;
  return (
    <section class="dialog-part">
      <h3>{title}</h3>
      <ul class="problem-list">
        {problems.map(({ path, message, hint }) => (
          <li key={`${path} ${message}`}>
            <button type="button" class="tone-bad" onClick={() => onProblem(path)}>
              <Icon name="warning" />
              <span>
                {message} {hint}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Meaning({ known: { diff, warnings, meaning } }: { known: Publication }): VNode {
  return (
    <>
      <section class="dialog-part">
        <h3>What changes</h3>
        {diff ?? <p>It is published for the first time.</p>}
      </section>
      {warnings.length + meaning.length > 0 && (
        <section class="dialog-part">
          <h3>What it means</h3>
          <ul class="plain-list">
            {warnings.map(({ path, message, hint }) => (
              <li key={`${path} ${message}`} class="tone-warn">
                <Icon name="warning" />
                <span>
                  {message} {hint}
                </span>
              </li>
            ))}
            {meaning.map(({ icon, words }) => (
              <li key={words}>
                <Icon name={icon} />
                <span>{words}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
