import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { toast, toastError } from '../../ui/live.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';

/** What can be done with a workflow as a whole. */
export function WorkflowActions({ workflow }: { workflow: WorkflowItem }): VNode {
  const { id, name, code, status } = workflow;
  const mayManage = useMay('manage');
  const [isDeleting, setDeleting] = useState(false);

  const act = async (done: string, failed: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      await forget('workflows');
      toast(done);
    } catch (error) {
      toastError(failed, error);
    }
  };
  const copy = (): Promise<void> =>
    act(`“${name}” is copied, as a draft.`, `“${name}” could not be copied`, () => call('POST', `workflows/${id}/copy`, { body: {} }));
  const archive = (): Promise<void> =>
    act(`“${name}” is archived.`, `“${name}” could not be archived`, () => call('POST', `workflows/${id}/archive`));
  const restore = (): Promise<void> =>
    act(`“${name}” is back.`, `“${name}” could not be taken out of the archive`, () => call('POST', `workflows/${id}/restore`));
  const remove = async (): Promise<void> => {
    setDeleting(false);
    await act(`“${name}” is deleted.`, `“${name}” could not be deleted`, () => call('DELETE', `workflows/${id}`));
  };
  const save = async (): Promise<void> => {
    try {
      download(`${code}.json`, await call('GET', `workflows/${id}/export`));
    } catch (error) {
      toastError(`“${name}” could not be exported`, error);
    }
  };

  const items: MenuItem[] = [
    { label: 'Runs', icon: 'runs', href: hrefOf('runs', { workflowId: id }) },
    { label: 'Export', icon: 'download', onSelect: () => void save() },
    ...(mayManage
      ? [
          { label: 'Copy', icon: 'copy' as const, onSelect: () => void copy() },
          status === 'archived'
            ? { label: 'Take out of the archive', icon: 'box' as const, onSelect: () => void restore() }
            : { label: 'Archive', icon: 'box' as const, onSelect: () => void archive() },
          { label: 'Delete …', icon: 'trash' as const, danger: true, onSelect: () => setDeleting(true) },
        ]
      : []),
  ];
  return (
    <>
      <MenuButton label={`Actions of ${name}`} items={items} />
      {isDeleting && (
        <Dialog
          title={`Delete “${name}”?`}
          onClose={() => setDeleting(false)}
          footer={
            <>
              <Button onClick={() => setDeleting(false)}>Keep it</Button>
              <Button kind="danger" icon="trash" onClick={() => void remove()}>
                Delete
              </Button>
            </>
          }
        >
          <p>Its definition and versions are gone for good. Its runs stay in the log.</p>
          <p>To keep it for later, archive it.</p>
        </Dialog>
      )}
    </>
  );
}

/** Gives the reader a file with this in it. */
function download(name: string, content: unknown): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
