import type { VNode } from 'preact';
import { numberWords } from '../../model/words.js';

/** How far a piece of work is that takes many calls. */
export function Progress({ words, done, of }: { words: string; done: number; of: number | null }): VNode {
  return (
    <label class="bulk-bar">
      <span>{words}</span>
      <progress {...(of !== null && { value: Math.min(done, of), max: Math.max(1, of) })}>{numberWords(done)}</progress>
    </label>
  );
}
