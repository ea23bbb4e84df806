import type { DefinitionDiff } from '../../core/definition/diff.js';
import { countWords, listWords } from './words.js';

const PARTS: readonly (readonly [member: string, words: string])[] = [
  ['trigger', 'the trigger'],
  ['conditions', 'the conditions'],
  ['settings', 'the settings'],
];

/** Returns what is other between two versions: `2 steps and the trigger differ`, `nothing differs`. */
export function diffWords({ isSame, values, steps }: DefinitionDiff): string {
  if (isSame) return 'nothing differs';
  const parts = PARTS.filter(([member]) => values.some(({ path }) => path.split(/[.[]/, 1)[0] === member)).map(([, words]) => words);
  const told = [...(steps.length > 0 ? [countWords(steps.length, 'step')] : []), ...parts];
  if (told.length === 0) return 'something in it differs';
  const isOne = told.length === 1 && (steps.length === 1 || parts[0] === 'the trigger');
  return `${listWords(told)} ${isOne ? 'differs' : 'differ'}`;
}
