import './conditions.css';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Explanation } from '../../../core/condition/explanation.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { CatalogOperator } from '../../model/catalog.js';
import {
  addTo,
  changeGroup,
  changeTest,
  GROUPS,
  type Group,
  groupOf,
  groupWords,
  limitProblem,
  membersOf,
  placeWords,
  rootOf,
  storedOf,
} from '../../model/condition-tree.js';
import { testWords } from '../../model/definition-words.js';
import { explainedGroup } from '../../model/explanation.js';
import { formatPlace, getAt, type Place } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Combobox } from '../../ui/combobox.js';
import { Select } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { announce, toast } from '../../ui/live.js';
import { useEditing, useValue } from '../forms/editing.js';
import { fieldOptions } from '../forms/suggestions.js';
import { ConditionView } from './condition-view.js';
import { Handle } from './handle.js';
import { Operand, typeOfField } from './operand.js';
import { Seen } from './seen.js';
import type { Tree } from './tree.js';

interface ConditionEditorProps {
  /** Where the condition stands in the definition. */
  place: Place;
  /** What the record of the preview says of it. */
  explanation?: Explanation | null;
  /** Its name for who does not see it: "Conditions". */
  label: string;
  /** Whether there may be none: an empty one is not kept then. */
  isOptional?: boolean;
}

/** A tree of tests that is edited in place: everything by keyboard, the handles of the rows first. */
export function ConditionEditor({ place, explanation = null, label, isOptional = place.length === 1 }: ConditionEditorProps): VNode {
  const { definition, set, isReadOnly } = useEditing();
  const box = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const root = rootOf(getAt(definition, place));
  // Without conditions a workflow has none; a branch needs its own.
  const stored = (tree: JsonObject): JsonObject | undefined => (isOptional ? storedOf(tree) : tree);
  const isWrapped = root !== getAt(definition, place);

  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const control = box.current?.querySelector<HTMLElement>(wanted.current);
    wanted.current = null;
    (control ?? box.current?.querySelector<HTMLElement>('.condition-add button'))?.focus();
  });

  const tree: Tree = {
    root,
    label,
    put: (next) => set(place, stored(next)),
    inDefinition: (at) => [...place, ...(isWrapped ? at.slice(2) : at)],
    focusHandle: (at) => box.current?.querySelector<HTMLElement>(handleOf(at))?.focus(),
    apply(edit, said, isNew) {
      if (edit === null) {
        announce('It cannot go further that way.');
        return;
      }
      const problem = limitProblem(edit.root);
      if (problem !== null) {
        toast(problem);
        return;
      }
      // A row that is new stands, alone or with its group, at the beginning of its place.
      wanted.current = edit.at === null ? 'none' : isNew ? `[data-handle^="${formatPlace(edit.at)}"] input` : handleOf(edit.at);
      set(place, stored(edit.root));
      announce(edit.at === null ? said : `${said} ${placeWords(edit.root, edit.at)}.`);
    },
  };
  // A test that stands alone is explained without the group that it is shown in.
  const shown =
    explanation !== null && isWrapped && 'field' in explanation ? { result: explanation.result, all: [explanation] } : explanation;
  if (isReadOnly) return <ConditionView condition={getAt(definition, place)} explanation={shown} />;
  return (
    <div ref={box} class="conditions" data-path={formatPlace(place)} tabIndex={-1}>
      <GroupView tree={tree} at={[]} explanation={shown} />
    </div>
  );
}

function handleOf(at: Place): string {
  return `[data-handle="${formatPlace(at)}"] .handle`;
}

function GroupView({ tree, at, explanation }: { tree: Tree; at: Place; explanation: Explanation | null }): VNode {
  const node = getAt(tree.root, at) as JsonObject;
  const group = groupOf(node) as Group;
  const members = membersOf(node);
  const explained = explanation && explainedGroup(explanation);
  const holding = explained?.members.filter(({ result }) => result).length;
  const isRoot = at.length === 0;
  return (
    <fieldset class={`condition-group condition-${group}`}>
      <legend class="visually-hidden">{isRoot ? tree.label : groupWords(group)}</legend>
      <div class="condition-head" data-handle={formatPlace(at)}>
        {!isRoot && <Handle tree={tree} at={at} name={`${groupWords(group)}, ${countWords(members.length, 'condition')}`} />}
        <Select
          label={isRoot ? `${tree.label}: which must hold` : 'Which must hold'}
          value={group}
          options={GROUPS.map((one) => ({ value: one, label: groupWords(one) }))}
          onChange={(next) => tree.put(changeGroup(tree.root, at, next as Group))}
        />
        <span class="condition-count">
          {holding === undefined ? countWords(members.length, 'condition') : `${holding} of ${members.length} hold`}
        </span>
      </div>
      {members.length > 0 && (
        <ul class="condition-members">
          {members.map((member, index) => {
            const here = [...at, group, index];
            const seen = explained?.members[index] ?? null;
            return (
              <li key={keyOf(member)}>
                {groupOf(member) === null ? (
                  <TestRow tree={tree} at={here} explanation={seen} isNone={group === 'none'} />
                ) : (
                  <GroupView tree={tree} at={here} explanation={seen} />
                )}
              </li>
            );
          })}
        </ul>
      )}
      {members.length === 0 && isRoot && <p class="quiet">No conditions: it always holds.</p>}
      <div class="condition-add">
        <Button
          small
          kind="quiet"
          icon="plus"
          onClick={() => tree.apply(addTo(tree.root, at, { field: '', operator: 'equals' }), 'Condition added:', true)}
        >
          Add condition
        </Button>
        {at.length < 38 && (
          <Button
            small
            kind="quiet"
            icon="plus"
            onClick={() =>
              tree.apply(
                addTo(tree.root, at, { [group === 'all' ? 'any' : 'all']: [{ field: '', operator: 'equals' }] }),
                'Group added:',
                true,
              )
            }
          >
            Add group
          </Button>
        )}
      </div>
    </fieldset>
  );
}

function TestRow({ tree, at, explanation, isNone }: { tree: Tree; at: Place; explanation: Explanation | null; isNone: boolean }): VNode {
  const editing = useEditing();
  const { catalog, module } = editing;
  const test = getAt(tree.root, at) as JsonObject;
  const path = formatPlace(tree.inDefinition(at));
  const { problem } = useValue(tree.inDefinition(at), true);
  const field = typeof test.field === 'string' ? test.field : '';
  const type = typeOfField(field, catalog, module);
  const operators = catalog.operators.filter(
    ({ types, name }) => types === 'any' || type === null || types.includes(type) || name === test.operator,
  );
  const operator = catalog.operators.find(({ name }) => name === test.operator);
  const put = (change: JsonObject): void => tree.put(changeTest(tree.root, at, { ...test, ...change }));
  return (
    <div class="condition-row" data-handle={formatPlace(at)}>
      <Handle tree={tree} at={at} name={testWords(test, module, catalog)} />
      <Combobox
        label="Field"
        value={field}
        options={fieldOptions(editing)}
        free
        placeholder="Field"
        data-path={`${path}.field`}
        aria-invalid={problem !== null && field === '' ? true : undefined}
        onChange={(next) => put({ field: next, ...keptOperator(test, next, editing) })}
      />
      <Select
        label="Operator"
        value={String(test.operator ?? '')}
        options={operators.map(({ name, label }) => ({ value: name, label }))}
        onChange={(next) =>
          put({
            operator: next,
            value: keptValue(
              operator,
              catalog.operators.find(({ name }) => name === next),
              test.value,
            ),
          })
        }
      />
      {operator && (
        <Operand operator={operator} test={test} path={`${path}.value`} isInvalid={problem !== null} onChange={(value) => put({ value })} />
      )}
      {problem !== null && (
        <small class="condition-seen tone-bad" id={`problem ${path}`}>
          <Icon name="warning" size={12} />
          {problem}
        </small>
      )}
      {explanation && 'field' in explanation && <Seen explanation={explanation} isNone={isNone} />}
    </div>
  );
}

/** An operator that does not fit the new field gives way to the first that does. */
function keptOperator(
  test: JsonObject,
  field: string,
  { catalog, module }: Pick<ReturnType<typeof useEditing>, 'catalog' | 'module'>,
): JsonObject {
  const type = typeOfField(field, catalog, module);
  const operator = catalog.operators.find(({ name }) => name === test.operator);
  if (operator && (operator.types === 'any' || type === null || operator.types.includes(type))) return {};
  const next = catalog.operators.find(({ types }) => types === 'any' || (type !== null && types.includes(type)));
  return { operator: next?.name, value: undefined };
}

function keptValue(before: CatalogOperator | undefined, after: CatalogOperator | undefined, value: Json | undefined): Json | undefined {
  if (after?.value === 'none') return undefined;
  return before?.value === after?.value ? value : undefined;
}
