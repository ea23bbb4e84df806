import type { VNode } from 'preact';
import { hrefOf } from '../../model/route.js';

/** The pages of one workflow. */
export function WorkflowTabs({ id, current }: { id: string; current: 'editor' | 'versions' }): VNode {
  const tabs = [
    { name: 'editor', label: 'Editor', href: hrefOf(`workflows/${id}`) },
    { name: 'versions', label: 'Versions', href: hrefOf(`workflows/${id}/versions`) },
  ];
  return (
    <nav class="editor-tabs" aria-label="Of this workflow">
      {tabs.map(({ name, label, href }) => (
        <a key={name} href={href} aria-current={name === current ? 'page' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  );
}
