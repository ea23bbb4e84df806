import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, call, type ErrorBody } from '../../api/client.js';
import { useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { download } from '../../ui/download.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { ErrorPanel } from '../../ui/states.js';
import type { MachineDetail, MachineItem } from './types.js';

/** What can be done with a machine as a whole. */
export function MachineActions({ machine }: { machine: MachineItem }): VNode {
  const { id, name, code } = machine;
  const mayManage = useMay('manage');
  const [isDeleting, setDeleting] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      const made = await call<MachineDetail>('POST', `machines/${id}/copy`, { body: {} });
      await forget('machines');
      toast(`“${name}” is copied, as a draft.`, { action: { label: 'Open it', run: () => navigate(`machines/${made.id}`) } });
    } catch (error) {
      toastError(`“${name}” could not be copied`, error);
    }
  };
  const save = async (): Promise<void> => {
    try {
      download(`${code}.json`, await call('GET', `machines/${id}/export`));
    } catch (error) {
      toastError(`“${name}” could not be exported`, error);
    }
  };
  const items: MenuItem[] = [
    { label: 'Instances', icon: 'lines', href: `machines/${id}/instances` },
    { label: 'Export', icon: 'download', onSelect: () => void save() },
    ...(mayManage
      ? [
          { label: 'Copy', icon: 'copy' as const, onSelect: () => void copy() },
          { label: 'Delete …', icon: 'trash' as const, danger: true, onSelect: () => setDeleting(true) },
        ]
      : []),
  ];
  return (
    <>
      <MenuButton label={`Actions of ${name}`} items={items} />
      {isDeleting && <DeleteDialog machine={machine} onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteDialog({ machine: { id, name }, onClose }: { machine: MachineItem; onClose: () => void }): VNode {
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await call('DELETE', `machines/${id}`);
      onClose();
      toast(`“${name}” is deleted.`);
      navigate('machines');
      await forget('machines');
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      setError(failure.body);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Delete “${name}”?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" icon="trash" busy={isBusy} onClick={() => void remove()}>
            Delete
          </Button>
        </>
      }
    >
      <p>Its definition, its versions and its instances in final states are gone for good. Runs of its transitions stay in the log.</p>
      {error && <ErrorPanel error={error} />}
    </Dialog>
  );
}
