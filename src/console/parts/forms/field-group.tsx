import type { ComponentChildren, VNode } from 'preact';
import { Prose } from '../../ui/prose.js';

/** What a group is told by the member that it is. */
export interface GroupProps {
  label: string;
  hint: string | null;
  problem?: string | null;
  'data-path'?: string;
}

/** Several controls under one name. */
export function FieldGroup({ label, hint, problem, children, ...rest }: GroupProps & { children: ComponentChildren }): VNode {
  return (
    <fieldset {...rest} class="field-group">
      <legend>{label}</legend>
      {hint && (
        <small class="field-hint">
          <Prose text={hint} />
        </small>
      )}
      {problem && <small class="field-problem">{problem}</small>}
      {children}
    </fieldset>
  );
}
