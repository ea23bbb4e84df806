import './explanation-view.css';
import type { VNode } from 'preact';
import type { Explanation } from '../../../core/condition/explanation.js';
import { useCatalog } from '../../api/me.js';
import type { Catalog } from '../../model/catalog.js';
import { fieldWords, operandWords } from '../../model/definition-words.js';
import { decisiveSets, explainedGroup } from '../../model/explanation.js';
import { nameWords, valueWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';

const GROUPS = { all: 'All of these', any: 'Any of these', none: 'None of these' } as const;

/** A condition as it was asked: each test with the value seen. What decided stands out. */
export function ExplanationView({ explanation, module }: { explanation: Explanation; module: string | null }): VNode {
  const catalog = useCatalog();
  const decisive = new Set(
    decisiveSets(explanation)
      .slice(0, 3)
      .flat()
      .map(({ path }) => path.join()),
  );
  return (
    <div class="explanation">
      <Node node={explanation} path={[]} module={module} catalog={catalog} decisive={decisive} isWanted={true} />
    </div>
  );
}

interface NodeProps {
  node: Explanation;
  path: readonly number[];
  module: string | null;
  catalog: Catalog | null;
  decisive: ReadonlySet<string>;
  /** What its answer would have to be for the whole to hold. */
  isWanted: boolean;
}

function Node({ node, path, module, catalog, decisive, isWanted }: NodeProps): VNode {
  const isGood = node.result === isWanted;
  const mark = (
    <span class={isGood ? 'tone-ok' : 'tone-bad'}>
      <Icon name={isGood ? 'check' : 'cross'} size={12} />
    </span>
  );
  if ('field' in node) {
    const operator = catalog?.operators.find(({ name }) => name === node.operator);
    const isDecisive = decisive.has(path.join());
    return (
      <div class={`explanation-test${isDecisive ? ' explanation-decisive' : ''}`}>
        {mark}
        <span>
          <b>{fieldWords(node.field, module, catalog)}</b> {operator?.label ?? nameWords(node.operator).toLowerCase()}{' '}
          {operandWords(operator, node.expected)}
          <small class="explanation-seen">
            {node.result ? 'holds' : 'does not hold'}: it was {valueWords(node.seen)}
            {node.note !== undefined && ` (${node.note})`}
          </small>
        </span>
      </div>
    );
  }
  const { group, members } = explainedGroup(node) ?? { group: 'all', members: [] };
  const holding = members.filter(({ result }) => result).length;
  return (
    <div class="explanation-group">
      <p class="explanation-head">
        {mark}
        <span>
          {GROUPS[group]} <small class="quiet">{members.length === 0 ? 'there are none' : `${holding} of ${members.length} hold`}</small>
        </span>
      </p>
      <ul>
        {members.map((member, index) => (
          <li key={String(index)}>
            <Node
              node={member}
              path={[...path, index]}
              module={module}
              catalog={catalog}
              decisive={decisive}
              isWanted={group === 'none' ? !isWanted : isWanted}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}
