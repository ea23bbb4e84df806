import './disclosure.css';
import type { ComponentChildren, VNode } from 'preact';

/** What is there for who asks: a line that opens. */
export function Disclosure({
  summary,
  isOpen,
  children,
}: {
  summary: ComponentChildren;
  isOpen?: boolean;
  children: ComponentChildren;
}): VNode {
  return (
    <details class="disclosure" open={isOpen}>
      <summary>
        <span>{summary}</span>
      </summary>
      <div class="disclosure-body">{children}</div>
    </details>
  );
}
