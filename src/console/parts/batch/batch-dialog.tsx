import './batch.css';
import type { ComponentChildren, VNode } from 'preact';
import { boundedCount } from '../../model/run-filter.js';
import { countWords, numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { NoteField } from '../../ui/field.js';
import type { IconName } from '../../ui/icon.js';
import { announce } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import type { Batch, Found, Left, Part } from './use-batch.js';

interface BatchDialogProps<P> {
  batch: Batch<P>;
  title: string;
  icon: IconName;
  danger?: boolean;
  /** One of them: `run`. */
  thing: string;
  /** What the button says that begins; of how many, where that is known. */
  act: (many: string) => string;
  /** What the button says that does not. */
  none: string;
  /** What is said when it is done: `retried`. */
  did: string;
  /** Why there is no preview yet. */
  blocked?: string | null;
  /** The preview in words, behind how many. */
  would: (sum: P) => string;
  /** What else is to be known of it. */
  details?: (sum: P) => ComponentChildren;
  note: { label?: string; hint: string };
  /** Where to go on, when it is over. */
  onward?: (sum: P) => ComponentChildren;
  onClose: () => void;
  /** What is to be chosen first. */
  children: ComponentChildren;
}

/** Work on many things: first what would become of them, then the work with a bar and Stop, then what it did. */
export function BatchDialog<P extends Part>(props: BatchDialogProps<P>): VNode {
  const { batch, title, icon, danger, thing, act, none, did, blocked = null, would, details, note, onward, onClose, children } = props;
  const { preview, work, isOver } = batch;
  const sum = preview?.sum ?? null;
  const doneWords = (found: Found<P>): string =>
    `${countWords(found.sum?.done ?? 0, thing)} ${did}.${found.sum?.isWhole && !found.error ? '' : ' Then it stopped.'}`;
  const start = async (): Promise<void> => announce(doneWords(await batch.start()));
  const isReady = sum !== null && sum.done > 0 && !preview?.error;
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      footer={
        work === null ? (
          <>
            <Button onClick={onClose}>{none}</Button>
            <Button
              kind={danger ? 'danger' : 'primary'}
              icon={icon}
              blocked={
                isReady ? null : (blocked ?? (preview === null ? 'It is being found out what would happen' : 'There is none to take up'))
              }
              onClick={() => void start()}
            >
              {act(isReady ? `${boundedCount(sum.done, sum.isWhole)} ${thing}${sum.done === 1 ? '' : 's'}` : '')}
            </Button>
          </>
        ) : isOver ? (
          <>
            {work.sum && onward?.(work.sum)}
            <Button kind="primary" onClick={onClose}>
              Close
            </Button>
          </>
        ) : (
          <Button icon="stop" onClick={batch.stop}>
            Stop
          </Button>
        )
      }
    >
      {work !== null ? (
        <div class="stack">
          <Bar seen={work.sum?.seen ?? 0} of={sum} words={isOver ? doneWords(work) : null} />
          {work.error && <ErrorPanel error={work.error} />}
          <LeftOut left={work.sum?.left} />
        </div>
      ) : (
        <>
          {children}
          {blocked === null && (
            <section class="stack" aria-label="What would happen">
              {preview === null ? (
                <Skeleton what="what would happen" rows={3} />
              ) : preview.error ? (
                <ErrorPanel error={preview.error} />
              ) : (
                sum && (
                  <>
                    <p class="bulk-count">
                      <strong class="numbers">{boundedCount(sum.done, sum.isWhole)}</strong> {would(sum)}
                    </p>
                    {details?.(sum)}
                    <LeftOut left={sum.left} />
                  </>
                )
              )}
            </section>
          )}
          <NoteField {...note} value={batch.note} onChange={batch.setNote} />
        </>
      )}
    </Dialog>
  );
}

/** How far it is: of how many, as far as the preview has counted. */
function Bar({ seen, of, words }: { seen: number; of: Part | null; words: string | null }): VNode {
  const isKnown = of !== null && seen <= of.seen;
  return (
    <label class="bulk-bar">
      <span>
        {words ?? (isKnown ? `${numberWords(seen)} of ${boundedCount(of.seen, of.isWhole)} …` : `${numberWords(seen)} looked at …`)}
      </span>
      <progress {...(words !== null ? { value: 1 } : isKnown && of.isWhole && { value: seen, max: Math.max(1, of.seen) })} />
    </label>
  );
}

function LeftOut({ left = [] }: { left: readonly Left[] | undefined }): VNode | null {
  if (left.length === 0) return null;
  return (
    <div>
      <h3>Left out</h3>
      <ul class="bulk-groups">
        {left.map(({ key, count, code, words, href }) => (
          <li key={key}>
            <span class="numbers bulk-number">{numberWords(count)}</span>
            <span>
              {code && <code>{code}</code>} {words} {href && <a href={href}>one of them</a>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
