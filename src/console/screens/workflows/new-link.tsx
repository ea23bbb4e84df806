import type { VNode } from 'preact';
import { LinkButton } from '../../ui/button.js';

/** To where a workflow is begun. */
export function NewLink(): VNode {
  return (
    <LinkButton kind="primary" icon="plus" href="workflows/new">
      New workflow
    </LinkButton>
  );
}
