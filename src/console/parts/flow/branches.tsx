import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { listAt, type Place } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { Button, IconButton } from '../../ui/button.js';
import { Field } from '../../ui/field.js';
import { ConditionEditor } from '../conditions/condition-editor.js';
import { useEditing, useValue } from '../forms/editing.js';

/** The branches of a step: their names, their order, and when each is taken. */
export function Branches({ place, step }: { place: Place; step: JsonObject }): VNode {
  const { set, isReadOnly } = useEditing();
  const branches = listAt(step, ['branches']);
  const list = [...place, 'branches'];
  const own = useValue(list);
  const move = (from: number, by: number): void =>
    set(list, branches.toSpliced(from, 1).toSpliced(from + by, 0, branches[from] as JsonObject));
  const add = (): void => {
    const names = new Set(branches.map((branch) => (isObject(branch) ? branch.name : '')));
    const name = ['first', 'second', 'third'].find((one) => !names.has(one)) ?? `branch_${branches.length + 1}`;
    set([...list, branches.length], { name, ...(step.type === 'branch' && { when: { all: [] } }), steps: [] });
  };
  return (
    <fieldset class="field-group" data-path={own.path}>
      <legend>Branches</legend>
      {step.type === 'branch' && <small class="field-hint">The first whose condition holds is taken, else “Otherwise”.</small>}
      {own.problem && <small class="field-problem">{own.problem}</small>}
      {branches.map((branch, index) => (
        <BranchRow
          key={keyOf(branch)}
          place={[...list, index]}
          isBranch={step.type === 'branch'}
          index={index}
          count={branches.length}
          onMove={(by) => move(index, by)}
        />
      ))}
      {!isReadOnly && (
        <span>
          <Button small icon="plus" onClick={add}>
            Add a branch
          </Button>
        </span>
      )}
    </fieldset>
  );
}

function BranchRow({
  place,
  isBranch,
  index,
  count,
  onMove,
}: {
  place: Place;
  isBranch: boolean;
  index: number;
  count: number;
  onMove: (by: number) => void;
}): VNode {
  const { set, isReadOnly } = useEditing();
  const { value, problem, path } = useValue([...place, 'name']);
  const name = typeof value === 'string' ? value : '';
  return (
    <div class="form-row">
      <div class="form-row-head">
        <span>{name || `Branch ${index + 1}`}</span>
        {!isReadOnly && index > 0 && <IconButton icon="up" label={`Move ${name} up`} onClick={() => onMove(-1)} />}
        {!isReadOnly && index < count - 1 && <IconButton icon="down" label={`Move ${name} down`} onClick={() => onMove(1)} />}
        {!isReadOnly && count > 1 && (
          <IconButton icon="trash" label={`Delete ${name} with its steps`} onClick={() => set(place, undefined)} />
        )}
      </div>
      {!isReadOnly && (
        <Field label="Name" problem={problem}>
          {(told) => (
            <input
              {...told}
              type="text"
              class="input"
              data-path={path}
              value={name}
              onInput={(event) => set([...place, 'name'], event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {isBranch && <ConditionEditor place={[...place, 'when']} label={`When ${name}`} />}
    </div>
  );
}
