import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatPlace, type Place } from '../../model/json-path.js';
import { isAt } from '../../model/outline.js';
import { useEditing } from './editing.js';

interface FoldProps {
  summary: ComponentChildren;
  /** What is edited in it: it is open while one of them has a problem. */
  about?: readonly Place[];
  onToggle?: (isOpen: boolean) => void;
  children: ComponentChildren;
}

/** A part of a form that few need: a line that opens. What is in it is drawn from when it was first open. */
export function Fold({ summary, about = [], onToggle, children }: FoldProps): VNode {
  const { problems } = useEditing();
  const [isUsed, setUsed] = useState(false);
  const hasProblem = problems.length > 0 && about.some((place) => problems.some(({ path }) => isAt(path, formatPlace(place))));
  return (
    <details
      class="fold"
      open={hasProblem || undefined}
      onToggle={({ currentTarget: { open } }) => {
        setUsed(isUsed || open);
        onToggle?.(open);
      }}
    >
      <summary>{summary}</summary>
      {(isUsed || hasProblem) && <div class="form">{children}</div>}
    </details>
  );
}
