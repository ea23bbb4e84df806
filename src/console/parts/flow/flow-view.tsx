import './flow.css';
import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { type Catalog, isObject } from '../../model/catalog.js';
import { conditionWords, stepKindWords, stepWords } from '../../model/definition-words.js';
import { formatPlace, listAt, type Place, parsePlace } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { letterOf, placedSteps, type StepList, stepLists } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { Mark } from '../../ui/status.js';

/** What can be done with a drawing beyond looking at it. */
export interface FlowEditing {
  /** Asks for a kind of step, to be put there. */
  add: (list: Place, index: number) => void;
  menuOf: (place: Place) => MenuItem[];
  onKeyDown: (event: KeyboardEvent) => void;
}

export interface FlowProps {
  definition: JsonObject;
  catalog: Catalog | null;
  module: string | null;
  /** The chosen step, by its place. */
  chosen: string | null;
  onChoose: (place: Place) => void;
  problems?: readonly { path: string }[];
  /** Beside the name of a step: its status in a run. */
  marks?: (step: JsonObject, place: Place) => ComponentChildren;
  /** Absent: nothing can be changed. */
  editing?: FlowEditing;
}

/** From so many steps on branches below the second level are folded at first. */
const MANY = 40;

interface Drawing extends FlowProps {
  isMany: boolean;
  /** The one that Tab leads to. */
  current: string;
}

/** Steps as nested lists of cards: nothing to lay out by hand, and plain HTML for five hundred of them. */
export function FlowView(props: FlowProps): VNode {
  const { definition, chosen, editing } = props;
  const steps = listAt(definition, ['steps']);
  const drawing: Drawing = {
    ...props,
    isMany: placedSteps(definition).length > MANY,
    current: chosen?.startsWith('steps') ? chosen : 'steps[0]',
  };
  return (
    // The keys belong to the cards inside; this only hears them.
    // biome-ignore lint/a11y/noStaticElementInteractions: see above.
    <div class="flow" onKeyDown={editing?.onKeyDown}>
      <Steps drawing={drawing} steps={steps} list={['steps']} before="" depth={0} />
    </div>
  );
}

interface StepsProps {
  drawing: Drawing;
  steps: StepList['steps'];
  list: Place;
  before: string;
  depth: number;
}

function Steps({ drawing, steps, list, before, depth }: StepsProps): VNode {
  const { editing } = drawing;
  return (
    <>
      {steps.length > 0 && (
        <ol>
          {steps.map((item, index) => {
            const step = isObject(item) ? item : {};
            return (
              <li key={keyOf(step)} class="flow-item">
                <Step drawing={drawing} step={step} place={[...list, index]} number={`${before}${index + 1}`} depth={depth} />
                {index < steps.length - 1 && <Gap editing={editing} list={list} index={index + 1} name={`${before}${index + 2}`} />}
              </li>
            );
          })}
        </ol>
      )}
      {editing && (
        <div class={steps.length === 0 ? undefined : 'flow-gap flow-end'}>
          <button
            type="button"
            class="button button-quiet button-small"
            data-add={formatPlace(list)}
            onClick={() => editing.add(list, steps.length)}
          >
            <Icon name="plus" />
            Add a step<span class="visually-hidden"> as {`${before}${steps.length + 1}`}</span>
          </button>
        </div>
      )}
      {!editing && steps.length === 0 && <p class="quiet">No steps</p>}
    </>
  );
}

function Gap({ editing, list, index, name }: { editing: FlowEditing | undefined; list: Place; index: number; name: string }): VNode {
  return (
    <div class="flow-gap">
      {editing && (
        <button
          type="button"
          class="flow-add"
          tabIndex={-1}
          aria-label={`Add a step before ${name}`}
          title="Add a step here"
          onClick={() => editing.add(list, index)}
        >
          <Icon name="plus" size={12} />
        </button>
      )}
    </div>
  );
}

interface StepProps {
  drawing: Drawing;
  step: JsonObject;
  place: Place;
  number: string;
  depth: number;
}

function Step({ drawing, step, place, number, depth }: StepProps): VNode {
  const { catalog, chosen, onChoose, problems = [], marks, editing, current } = drawing;
  const path = formatPlace(place);
  const lists = stepLists(step).filter(({ exists, kind }) => exists || (kind === 'otherwise' && editing !== undefined));
  const inside = lists.map(({ place: one }) => formatPlace([...place, ...one]));
  const wrong = problems.filter((one) => isAt(one.path, path) && !inside.some((list) => one.path.startsWith(`${list}[`))).length;
  const isChosen = chosen === path;
  const isReached = editing === undefined || current === path;
  // Drawn anew only when something of it is other: a key among five hundred steps redraws two.
  const card = useMemo(
    () => (
      <StepCard
        step={step}
        path={path}
        number={number}
        catalog={catalog}
        isChosen={isChosen}
        isReached={isReached}
        problems={wrong}
        onChoose={onChoose}
        marks={marks}
        editing={editing}
      />
    ),
    [step, path, number, catalog, isChosen, isReached, wrong, onChoose, marks, editing],
  );
  return (
    <>
      {card}
      {lists.length > 0 && (
        <div class="lanes">
          {lists.map((list, index) => (
            <Lane
              key={formatPlace(list.place)}
              drawing={drawing}
              list={list}
              place={[...place, ...list.place]}
              number={`${number}${list.kind === 'loop' ? '.' : letterOf(index)}`}
              depth={depth}
            />
          ))}
        </div>
      )}
    </>
  );
}

interface StepCardProps {
  step: JsonObject;
  path: string;
  number: string;
  catalog: Catalog | null;
  isChosen: boolean;
  /** Tab leads to it. */
  isReached: boolean;
  problems: number;
  onChoose: (place: Place) => void;
  marks: FlowProps['marks'];
  editing: FlowEditing | undefined;
}

function StepCard({ step, path, number, catalog, isChosen, isReached, problems, onChoose, marks, editing }: StepCardProps): VNode {
  const place = parsePlace(path);
  const name = stepWords(step, catalog);
  const kind = stepKindWords(step.type, catalog);
  return (
    <div class="step-line">
      <button
        type="button"
        class="step-card"
        data-step={path}
        tabIndex={isReached ? 0 : -1}
        aria-current={isChosen ? 'step' : undefined}
        onClick={() => onChoose(place)}
      >
        <span class="step-number">{number}</span>
        <span class="step-words">
          <span class="step-name">{name}</span>
          {kind !== name && !name.startsWith(`${kind} ·`) && <span class="step-kind">{kind}</span>}
        </span>
        <span class="step-marks">
          {problems > 0 && (
            <Mark tone="bad" icon="warning">
              {countWords(problems, 'problem')}
            </Mark>
          )}
          {isObject(step.retry) && <Mark icon="retry">{`${String(step.retry.maxAttempts ?? 3)} attempts`}</Mark>}
          {step.onError === 'continue' && <Mark icon="skip">continues on error</Mark>}
          {marks?.(step, place)}
        </span>
      </button>
      {editing && <MenuButton label={`Actions of step ${number}, ${name}`} items={() => editing.menuOf(place)} />}
    </div>
  );
}

function Lane({
  drawing,
  list,
  place,
  number,
  depth,
}: {
  drawing: Drawing;
  list: StepList;
  place: Place;
  number: string;
  depth: number;
}): VNode {
  const { catalog, module, problems = [], isMany, chosen } = drawing;
  const path = formatPlace(place);
  // Once it has been opened or folded by hand it stays so, unless the chosen step is in it.
  const [isOpen, setOpen] = useState(!isMany || depth < 1);
  const wrong = problems.filter((one) => one.path.startsWith(`${path}[`)).length;
  const summary = [countWords(list.steps.length, 'step'), ...(wrong > 0 ? [countWords(wrong, 'problem')] : [])].join(', ');
  const shown = isOpen || (chosen?.startsWith(`${path}[`) ?? false);
  return (
    <details class="lane" open={shown} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="right" size={12} />
        <span>
          <span class="lane-name">{titleOf(list, number)}</span> {!shown && <span class="quiet">{summary}</span>}
        </span>
        {list.kind === 'branch' && <span class="lane-when">When {conditionWords(list.when, module, catalog)}</span>}
      </summary>
      {shown && <Steps drawing={drawing} steps={list.steps} list={place} before={number} depth={depth + 1} />}
    </details>
  );
}

function titleOf({ kind, name }: StepList, number: string): string {
  switch (kind) {
    case 'otherwise':
      return 'Otherwise';
    case 'loop':
      return 'For each item';
    default:
      return name === null || name === '' ? `Branch ${number}` : name;
  }
}

function isAt(path: string, around: string): boolean {
  return path === around || (path.startsWith(around) && /^[.[]/.test(path.slice(around.length)));
}
