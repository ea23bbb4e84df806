import type { ComponentChildren, VNode } from 'preact';

interface PartProps {
  number: number;
  title: string;
  sentence: string;
  isFlow?: boolean;
  children: ComponentChildren;
}

/** One of the numbered parts of a workflow. */
export function Part({ number, title, sentence, isFlow = false, children }: PartProps): VNode {
  return (
    <section class={`part${isFlow ? ' part-flow' : ''}`} aria-label={title}>
      <header class="part-head">
        <span class="part-number">{number}</span>
        <h2>{title}</h2>
        <p class="part-sentence">{sentence}</p>
      </header>
      {children && <div class="part-body">{children}</div>}
    </section>
  );
}
