import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Catalog } from '../../model/catalog.js';
import { diffDefinitions } from '../../model/definition-diff.js';
import { hrefOf } from '../../model/route.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import type { Draft } from './draft.js';
import type { WorkflowDetail } from './types.js';

/** Two have edited one draft: what each has changed, and the three ways to go on. Closing it loses nothing. */
export function ConflictDialog({
  draft,
  theirs,
  catalog,
  module,
  onClose,
}: {
  draft: Draft;
  theirs: WorkflowDetail;
  catalog: Catalog;
  module: string | null;
  onClose: () => void;
}): VNode {
  const [isBusy, setBusy] = useState(false);
  const base = draft.base.definition;
  const who = theirs.updatedBy?.name ?? 'Somebody else';
  const copy = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await draft.keepAsCopy(theirs);
      toast(`Your text is in “${made.name}”.`);
      navigate(hrefOf(`workflows/${made.id}`));
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
        <DiffView diff={diffDefinitions(base, theirs.definition)} catalog={catalog} module={module} />
      </section>
      <section class="dialog-part">
        <h3>Yours</h3>
        <DiffView diff={diffDefinitions(base, draft.document.definition)} catalog={catalog} module={module} />
      </section>
    </Dialog>
  );
}
