import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useMay } from '../../api/me.js';
import { copyDefinition, saveDefinition } from '../../parts/definitions/transfer.js';
import { DeleteDialog } from '../../parts/dialogs/delete-dialog.js';
import { navigate, usePlace } from '../../ui/location.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import type { MachineItem } from './types.js';

/** What can be done with a machine as a whole. */
export function MachineActions({ machine }: { machine: MachineItem }): VNode {
  const { id, name } = machine;
  const mayManage = useMay('manage');
  const [isDeleting, setDeleting] = useState(false);
  const definition = { ...machine, kind: 'machines' as const };
  const { segments } = usePlace();
  const items: MenuItem[] = [
    ...(segments.length > 1 ? [] : [{ label: mayManage ? 'Edit' : 'Open', icon: 'pencil' as const, href: `machines/${id}` }]),
    { label: 'Instances', icon: 'lines', href: `machines/${id}/instances` },
    ...(mayManage ? [{ label: 'Copy', icon: 'copy' as const, onSelect: () => void copyDefinition(definition) }] : []),
    { label: 'Export', icon: 'download', onSelect: () => void saveDefinition(definition) },
    { label: 'Versions', icon: 'flag', href: `machines/${id}/versions` },
    ...(mayManage ? [{ label: 'Delete …', icon: 'trash' as const, danger: true, onSelect: () => setDeleting(true) }] : []),
  ];
  return (
    <>
      <MenuButton label={`Actions of ${name}`} items={items} />
      {isDeleting && (
        <DeleteDialog path={`machines/${id}`} name={name} onDeleted={() => navigate('machines')} onClose={() => setDeleting(false)}>
          <p>Its definition, its versions and its instances in final states are gone for good. Runs of its transitions stay in the log.</p>
        </DeleteDialog>
      )}
    </>
  );
}
