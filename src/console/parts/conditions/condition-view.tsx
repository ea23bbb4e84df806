import type { VNode } from 'preact';
import type { Explanation } from '../../../core/condition/explanation.js';
import type { Json, JsonObject } from '../../../core/json.js';
import { groupOf, groupWords, membersOf } from '../../model/condition-tree.js';
import { testWords } from '../../model/definition-words.js';
import { explainedGroup } from '../../model/explanation.js';
import { keyOf } from '../../model/node-keys.js';
import { useEditing } from '../forms/editing.js';
import { Seen } from './seen.js';

/** A condition as text: nobody can change it here. */
export function ConditionView({ condition, explanation = null }: { condition: Json | undefined; explanation?: Explanation | null }): VNode {
  const { catalog, module } = useEditing();
  const draw = (node: Json | undefined, seen: Explanation | null, isNone: boolean): VNode => {
    const group = groupOf(node);
    if (group === null) {
      return (
        <>
          {testWords(node as JsonObject, module, catalog)}
          {seen && 'field' in seen && <Seen explanation={seen} isNone={isNone} />}
        </>
      );
    }
    const explained = seen && explainedGroup(seen);
    return (
      <>
        <span>{groupWords(group)}</span>
        <ul class="condition-list">
          {membersOf(node).map((member, index) => (
            <li key={keyOf(member)}>{draw(member, explained?.members[index] ?? null, group === 'none')}</li>
          ))}
        </ul>
      </>
    );
  };
  if (condition === undefined) return <p class="quiet">No conditions: it always holds.</p>;
  return <div>{draw(condition, explanation, false)}</div>;
}
