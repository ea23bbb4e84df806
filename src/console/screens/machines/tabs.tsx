import type { VNode } from 'preact';
import { PageTabs } from '../../ui/page-tabs.js';

/** The pages of one machine. */
export function MachineTabs({ id, current }: { id: string; current: 'machine' | 'instances' | 'versions' }): VNode {
  return (
    <PageTabs
      label="Of this state machine"
      tabs={[
        { label: 'States and transitions', href: `machines/${id}`, isCurrent: current === 'machine' },
        { label: 'Instances', href: `machines/${id}/instances`, isCurrent: current === 'instances' },
        { label: 'Versions', href: `machines/${id}/versions`, isCurrent: current === 'versions' },
      ]}
    />
  );
}
