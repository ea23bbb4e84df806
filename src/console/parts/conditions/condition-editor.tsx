import './conditions.css';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Explanation } from '../../../core/condition/explanation.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { CatalogOperator } from '../../model/catalog.js';
import {
  addTo,
  type ConditionEdit,
  changeGroup,
  changeTest,
  crossingWords,
  duplicateRow,
  GROUPS,
  type Group,
  groupOf,
  groupWords,
  limitProblem,
  membersOf,
  moveRow,
  moveRowIn,
  moveRowOut,
  placeWords,
  removeRow,
  rootOf,
  rowsOf,
  storedOf,
} from '../../model/condition-tree.js';
import { testWords } from '../../model/definition-words.js';
import { explainedGroup } from '../../model/explanation.js';
import { formatPlace, getAt, type Place } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { countWords, valueWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Combobox } from '../../ui/combobox.js';
import { Select } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { announce, toast } from '../../ui/live.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { useEditing, useValue } from '../forms/editing.js';
import { fieldOptions } from '../forms/suggestions.js';
import { Operand, typeOfField } from './operand.js';

interface ConditionEditorProps {
  /** Where the condition stands in the definition. */
  place: Place;
  /** What the record of the preview says of it. */
  explanation?: Explanation | null;
  /** Its name for who does not see it: "Conditions". */
  label: string;
}

interface Tree {
  root: JsonObject;
  label: string;
  apply: (edit: ConditionEdit | null, said: string) => void;
  put: (root: JsonObject) => void;
  focusHandle: (at: Place) => void;
  /** Where a row stands in the definition: a test that stands alone is only shown in a group. */
  inDefinition: (at: Place) => Place;
}

/** A tree of tests that is edited in place: everything by keyboard, the handles of the rows first. */
export function ConditionEditor({ place, explanation = null, label }: ConditionEditorProps): VNode {
  const { definition, set, isReadOnly } = useEditing();
  const box = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const root = rootOf(getAt(definition, place));
  // Without conditions a workflow has none; a branch needs its own.
  const stored = (tree: JsonObject): JsonObject | undefined => (place.length === 1 ? storedOf(tree) : tree);
  const isWrapped = root !== getAt(definition, place);

  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const handle = box.current?.querySelector<HTMLElement>(`[data-handle="${CSS.escape(wanted.current)}"] .handle`);
    wanted.current = null;
    (handle ?? box.current?.querySelector<HTMLElement>('.condition-add button'))?.focus();
  });

  const tree: Tree = {
    root,
    label,
    put: (next) => set(place, stored(next)),
    inDefinition: (at) => [...place, ...(isWrapped ? at.slice(2) : at)],
    focusHandle: (at) => {
      box.current?.querySelector<HTMLElement>(`[data-handle="${CSS.escape(formatPlace(at))}"] .handle`)?.focus();
    },
    apply(edit, said) {
      if (edit === null) {
        announce('It cannot go further that way.');
        return;
      }
      const problem = limitProblem(edit.root);
      if (problem !== null) {
        toast(problem);
        return;
      }
      wanted.current = edit.at === null ? 'none' : formatPlace(edit.at);
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
      {members.length === 0 && isRoot && <p class="quiet">No conditions: it runs every time.</p>}
      <div class="condition-add">
        <Button
          small
          kind="quiet"
          icon="plus"
          onClick={() => tree.apply(addTo(tree.root, at, { field: '', operator: 'equals' }), 'Condition added:')}
        >
          Add condition
        </Button>
        {at.length < 38 && (
          <Button
            small
            kind="quiet"
            icon="plus"
            onClick={() =>
              tree.apply(addTo(tree.root, at, { [group === 'all' ? 'any' : 'all']: [{ field: '', operator: 'equals' }] }), 'Group added:')
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

/** What the record of the preview has there, and what follows from it. */
function Seen({ explanation, isNone }: { explanation: Extract<Explanation, { field: string }>; isNone: boolean }): VNode {
  const counts = explanation.result !== isNone;
  const seen = valueWords(explanation.seen);
  return (
    <small class={`condition-seen tone-${counts ? 'ok' : 'bad'}`}>
      <Icon name={counts ? 'check' : 'cross'} size={12} />
      {explanation.result ? 'holds' : 'does not hold'} ({explanation.note ?? seen})
    </small>
  );
}

/** The handle of a row: a menu, and the keys that move it. */
function Handle({ tree, at, name }: { tree: Tree; at: Place; name: string }): VNode {
  const { root, apply } = tree;
  const moved = (edit: ConditionEdit | null): void => apply(edit, edit?.at ? (crossingWords(at, edit.at) ?? 'Moved:') : '');
  const up = (): void => moved(moveRow(root, at, -1));
  const down = (): void => moved(moveRow(root, at, 1));
  const inward = (): void => moved(moveRowIn(root, at));
  const out = (): void => moved(moveRowOut(root, at));
  const copy = (): void => apply(duplicateRow(root, at), 'Copied:');
  const remove = (): void => apply(removeRow(root, at), 'Removed.');
  const items: MenuItem[] = [
    { label: 'Move up (Alt+Up)', icon: 'up', onSelect: up },
    { label: 'Move down (Alt+Down)', icon: 'down', onSelect: down },
    { label: 'Into a group with the row above (Alt+Right)', icon: 'right', onSelect: inward },
    { label: 'Out of its group (Alt+Left)', icon: 'left', onSelect: out },
    { label: 'Duplicate (Ctrl+D)', icon: 'copy', onSelect: copy },
    { label: 'Delete (Delete)', icon: 'trash', danger: true, onSelect: remove },
  ];
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (!target.matches('.handle')) return;
    const action = keyAction(event, { up, down, inward, out, copy, remove });
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action();
      return;
    }
    if (event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    const rows = rowsOf(root);
    const here = rows.findIndex((row) => formatPlace(row) === formatPlace(at));
    const next = rows[here + (event.key === 'ArrowUp' ? -1 : 1)];
    event.preventDefault();
    event.stopPropagation();
    if (next) tree.focusHandle(next);
  };
  return (
    <span onKeyDownCapture={onKeyDown}>
      <MenuButton label={`${name}, ${placeWords(root, at)}`} items={items} class="handle">
        <Icon name="grip" />
        <span class="visually-hidden">{`${name}, ${placeWords(root, at)}`}</span>
      </MenuButton>
    </span>
  );
}

interface Actions {
  up: () => void;
  down: () => void;
  inward: () => void;
  out: () => void;
  copy: () => void;
  remove: () => void;
}

function keyAction({ key, altKey, ctrlKey, metaKey }: KeyboardEvent, actions: Actions): (() => void) | null {
  if (altKey) {
    const moves: Record<string, () => void> = {
      ArrowUp: actions.up,
      ArrowDown: actions.down,
      ArrowRight: actions.inward,
      ArrowLeft: actions.out,
    };
    return moves[key] ?? null;
  }
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'd') return actions.copy;
  return key === 'Delete' || key === 'Backspace' ? actions.remove : null;
}

/** A condition as text: nobody can change it here. */
function ConditionView({ condition, explanation = null }: { condition: Json | undefined; explanation?: Explanation | null }): VNode {
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
  if (condition === undefined) return <p class="quiet">No conditions: it runs every time.</p>;
  return <div>{draw(condition, explanation, false)}</div>;
}
