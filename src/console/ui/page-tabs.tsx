import './page-tabs.css';
import type { VNode } from 'preact';

interface PageTabsProps {
  /** Whose pages they are: "Of this state machine". */
  label: string;
  tabs: readonly { label: string; href: string; isCurrent: boolean }[];
}

/** The pages of one thing: links, so that each has an address. */
export function PageTabs({ label, tabs }: PageTabsProps): VNode {
  return (
    <nav class="page-tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.href} href={tab.href} aria-current={tab.isCurrent ? 'page' : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}
