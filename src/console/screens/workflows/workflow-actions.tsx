import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useMay } from '../../api/me.js';
import type { WorkflowItem } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { copyDefinition, saveDefinition } from '../../parts/definitions/transfer.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { archiveOf } from './archive.js';
import { DeleteWorkflowDialog } from './delete-dialog.js';

/** What can be done with a workflow as a whole. */
export function WorkflowActions({ workflow }: { workflow: WorkflowItem }): VNode {
  const { id, name, status } = workflow;
  const mayManage = useMay('manage');
  const [isDeleting, setDeleting] = useState(false);
  const { archive, restore } = archiveOf(workflow);
  const definition = { ...workflow, kind: 'workflows' as const };
  const pages = (label: string, icon: 'runs' | 'flag', page: string): MenuItem => ({
    label,
    icon,
    href: hrefOf(`workflows/${id}/${page}`),
  });

  const items: MenuItem[] = [
    { label: mayManage ? 'Edit' : 'Open', icon: 'pencil', href: hrefOf(`workflows/${id}`) },
    pages('Runs', 'runs', 'runs'),
    ...(mayManage ? [{ label: 'Copy', icon: 'copy' as const, onSelect: () => void copyDefinition(definition) }] : []),
    { label: 'Export', icon: 'download', onSelect: () => void saveDefinition(definition) },
    pages('Versions', 'flag', 'versions'),
    ...(mayManage
      ? [
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
      {isDeleting && <DeleteWorkflowDialog workflow={workflow} onClose={() => setDeleting(false)} />}
    </>
  );
}
