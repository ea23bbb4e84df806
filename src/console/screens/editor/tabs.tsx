import './tabs.css';
import type { VNode } from 'preact';
import { hrefOf } from '../../model/route.js';

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
    <nav class="workflow-tabs" aria-label="Of this workflow">
      {TABS.map(({ name, label, path }) => (
        <a key={name} href={hrefOf(`workflows/${id}${path}`)} aria-current={name === current ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
