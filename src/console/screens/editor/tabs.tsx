import type { VNode } from 'preact';
import { PageTabs } from '../../ui/page-tabs.js';

const TABS = [
  { name: 'editor', label: 'Editor', path: '' },
  { name: 'runs', label: 'Runs', path: '/runs' },
  { name: 'versions', label: 'Versions', path: '/versions' },
  { name: 'health', label: 'Health', path: '/health' },
  { name: 'settings', label: 'Settings', path: '/settings' },
] as const;
export type WorkflowTab = (typeof TABS)[number]['name'];

/** The pages of one workflow. */
export function WorkflowTabs({ id, current }: { id: string; current: WorkflowTab }): VNode {
  return (
    <PageTabs
      label="Of this workflow"
      tabs={TABS.map(({ name, label, path }) => ({ label, href: `workflows/${id}${path}`, isCurrent: name === current }))}
    />
  );
}
