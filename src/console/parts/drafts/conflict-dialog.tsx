import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import type { DraftDocument } from '../../model/document.js';
import { isSameJson } from '../../model/json-path.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { Banner } from '../../ui/states.js';
import { DiffValues } from '../diff/diff-view.js';
import type { Draft, DraftItem } from './draft.js';

interface ConflictProps<Item extends DraftItem> {
  draft: Draft<Item>;
  theirs: Item;
  /** Draws what is other in the second of two definitions. */
  drawDiff: (from: JsonObject, to: JsonObject) => VNode;
}

/** Two have edited one draft: a dialog to decide in, and once that is put off, a banner that leads back to it. */
export function Conflict<Item extends DraftItem>(props: ConflictProps<Item>): VNode {
  const [isPutOff, setPutOff] = useState(false);
  if (!isPutOff) return <ConflictDialog {...props} onClose={() => setPutOff(true)} />;
  return (
    <Banner
      tone="warn"
      icon="warning"
      actions={
        <Button small onClick={() => setPutOff(false)}>
          Decide
        </Button>
      }
    >
      <strong>Somebody else has saved</strong>
      <span>What you change here is not stored until you decide which counts. It is kept in this tab.</span>
    </Banner>
  );
}

/** What each has changed, and the three ways to go on. Closing it loses nothing. */
function ConflictDialog<Item extends DraftItem>({
  draft,
  theirs,
  drawDiff,
  onClose,
}: ConflictProps<Item> & { onClose: () => void }): VNode {
  const [isBusy, setBusy] = useState(false);
  const { base } = draft;
  /** What is other in one of the two. */
  const drawChanges = (now: DraftDocument): VNode => {
    const values = (['name', 'code', 'description'] as const)
      .filter((path) => now[path] !== base[path])
      .map((path) => ({ path, change: 'changed' as const, from: base[path], to: now[path] }));
    return (
      <>
        {values.length > 0 && (
          <div class="diff">
            <div class="diff-step">
              <DiffValues values={values} catalog={null} module={null} />
            </div>
          </div>
        )}
        {(values.length === 0 || !isSameJson(base.definition, now.definition)) && drawDiff(base.definition, now.definition)}
      </>
    );
  };
  const who = theirs.updatedBy?.name ?? 'Somebody else';
  const copy = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await draft.keepAsCopy(theirs);
      toast(`Your text is in “${made.name}”.`);
      navigate(made.path);
    } catch (error) {
      toastError('The copy could not be made', error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`${who} has saved meanwhile`}
      wide
      onClose={onClose}
      footer={
        <>
          <Button onClick={() => draft.takeTheirs(theirs)}>Take theirs</Button>
          <Button busy={isBusy} onClick={() => void copy()}>
            Keep mine as a copy
          </Button>
          <Button kind="primary" onClick={() => draft.putMineOnTop(theirs)}>
            Put mine on top
          </Button>
        </>
      }
    >
      <p>
        Put on top: what they have changed stays, and yours is added. Where both have changed the same, yours counts. Undo brings back what
        was here.
      </p>
      <section class="dialog-part">
        <h3>Theirs</h3>
        {drawChanges(theirs)}
      </section>
      <section class="dialog-part">
        <h3>Yours</h3>
        {drawChanges(draft.document)}
      </section>
    </Dialog>
  );
}
