import './flow.css';
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { conditionWords } from '../../model/definition-words.js';
import { formatPlace, listAt, type Place, parsePlace } from '../../model/json-path.js';
import { keyOf } from '../../model/node-keys.js';
import { isAt, listWords } from '../../model/outline.js';
import { letterOf, placedSteps, type StepList, stepLists } from '../../model/step-tree.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { type Drawing, type FlowEditing, type FlowProps, MANY_STEPS, type Spots } from './drawing.js';
import { StepCard } from './step-card.js';
import { createTurns } from './turns.js';

/** So many of one list are drawn at once: another one may stand beside it. */
const AT_ONCE_IN_LIST = 16;

/**
 * Steps as nested lists of cards: nothing to lay out by hand, and plain HTML for five hundred of them. What is in sight is drawn
 * first, the rest in its turn.
 */
export function FlowView(props: FlowProps): VNode {
  const { definition, catalog, module, chosen, onChoose, problems, editing, onKeyDown } = props;
  const [turns] = useState(createTurns);
  const isMany = placedSteps(definition).length > MANY_STEPS;
  const drawing = useMemo<Drawing>(
    () => ({ catalog, module, onChoose, problems, isMany, turns, ...(editing && { editing }) }),
    [catalog, module, onChoose, problems, isMany, turns, editing],
  );
  const spots: Spots = { chosen, reached: chosen?.startsWith('steps') ? chosen : 'steps[0]' };
  return (
    // The keys belong to the cards inside; this only hears them.
    // biome-ignore lint/a11y/noStaticElementInteractions: see above.
    <div class="flow" onKeyDown={onKeyDown}>
      <Steps drawing={drawing} spots={spots} steps={listAt(definition, ['steps'])} list={['steps']} before="" depth={0} />
    </div>
  );
}

interface StepsProps {
  drawing: Drawing;
  spots: Spots;
  steps: StepList['steps'];
  list: Place;
  before: string;
  depth: number;
}

/** A list of steps, with a place for another between any two. */
function Steps({ drawing, spots, steps, list, before, depth }: StepsProps): VNode {
  const { editing } = drawing;
  const path = formatPlace(list);
  const item = (index: number, chosen: string | null, reached: string | null): VNode => {
    const step = isObject(steps[index]) ? steps[index] : {};
    return (
      <Item
        key={keyOf(step)}
        drawing={drawing}
        chosen={chosen}
        reached={reached}
        step={step}
        list={path}
        index={index}
        number={`${before}${index + 1}`}
        next={index < steps.length - 1 ? `${before}${index + 2}` : null}
        depth={depth}
      />
    );
  };
  // The same ones at every key but for those that it is about: of five hundred two are drawn anew.
  const plain = useMemo(() => [...steps.keys()].map((index) => item(index, null, null)), [drawing, steps, path, before, depth]);
  const items = [...plain];
  const [chosenAt, reachedAt] = [indexIn(path, spots.chosen), indexIn(path, spots.reached)];
  for (const at of [chosenAt, reachedAt]) {
    if (plain[at]) items[at] = item(at, at === chosenAt ? spots.chosen : null, at === reachedAt ? spots.reached : null);
  }
  return (
    <>
      {steps.length > 0 && <ol>{items}</ol>}
      {editing && (
        <div class={steps.length === 0 ? undefined : 'flow-gap flow-end'}>
          <button type="button" class="button button-quiet button-small" data-add={path} onClick={() => editing.add(list, steps.length)}>
            <Icon name="plus" />
            Add a step<span class="visually-hidden"> as {`${before}${steps.length + 1}`}</span>
          </button>
        </div>
      )}
      {!editing && steps.length === 0 && <p class="quiet">No steps</p>}
    </>
  );
}

/** Returns at which index of a list a step is, or is inside of it; -1 where that is elsewhere. */
function indexIn(list: string, spot: string | null): number {
  return spot?.startsWith(`${list}[`) ? Number.parseInt(spot.slice(list.length + 1), 10) : -1;
}

interface ItemProps extends Spots {
  drawing: Drawing;
  step: JsonObject;
  /** The path of the list that it is in. */
  list: string;
  index: number;
  number: string;
  /** The number of the step behind it, if there is one. */
  next: string | null;
  depth: number;
}

/** A step with what is inside it. It is drawn anew only when something of it is other: a letter among five hundred redraws a few. */
function Item({ drawing, chosen, reached, step, list, index, number, next, depth }: ItemProps): VNode {
  const path = `${list}[${index}]`;
  const [isDue, draw] = useState((): boolean => drawing.turns(index < AT_ONCE_IN_LIST, () => draw(true)));
  const isDrawn = isDue || chosen !== null || reached !== null;
  return useMemo(
    () =>
      isDrawn ? (
        <li class="flow-item">
          <Step drawing={drawing} spots={{ chosen, reached }} step={step} path={path} number={number} depth={depth} />
          {next !== null && <Gap editing={drawing.editing} list={list} index={index + 1} name={next} />}
        </li>
      ) : (
        <li class="flow-item flow-later" />
      ),
    [isDrawn, drawing, chosen, reached, step, path, number, next, depth],
  );
}

function Gap({ editing, list, index, name }: { editing: FlowEditing | undefined; list: string; index: number; name: string }): VNode {
  return (
    <div class="flow-gap">
      {editing && (
        <button
          type="button"
          class="flow-add"
          tabIndex={-1}
          aria-label={`Add a step before ${name}`}
          title="Add a step here"
          onClick={() => editing.add(parsePlace(list), index)}
        />
      )}
    </div>
  );
}

interface StepProps {
  drawing: Drawing;
  spots: Spots;
  step: JsonObject;
  path: string;
  number: string;
  depth: number;
}

function Step({ drawing, spots, step, path, number, depth }: StepProps): VNode {
  const { problems, editing } = drawing;
  const lists = stepLists(step).filter(({ exists, kind }) => exists || (kind === 'otherwise' && editing !== undefined));
  const place = parsePlace(path);
  const inside = lists.map(({ place: one }) => `${formatPlace([...place, ...one])}[`);
  const wrong = problems.filter((one) => isAt(one.path, path) && !inside.some((start) => one.path.startsWith(start))).length;
  return (
    <>
      <StepCard
        drawing={drawing}
        step={step}
        path={path}
        number={number}
        isChosen={spots.chosen === path}
        isReached={spots.reached === path}
        problems={wrong}
      />
      {lists.length > 0 && (
        <div class="lanes">
          {lists.map((list, which) => (
            <Lane
              key={formatPlace(list.place)}
              drawing={drawing}
              spots={spots}
              list={list}
              place={[...place, ...list.place]}
              number={`${number}${list.kind === 'loop' ? '.' : letterOf(which)}`}
              depth={depth}
            />
          ))}
        </div>
      )}
    </>
  );
}

interface LaneProps {
  drawing: Drawing;
  spots: Spots;
  list: StepList;
  place: Place;
  number: string;
  depth: number;
}

/** A list of steps inside a step: a branch, side by side with the others, that can be folded. */
function Lane({ drawing, spots, list, place, number, depth }: LaneProps): VNode {
  const { catalog, module, problems, isMany, onChoose } = drawing;
  const path = formatPlace(place);
  // Once it has been opened or folded by hand it stays so, unless the chosen step is in it.
  const [isOpen, setOpen] = useState(!isMany || (depth < 1 && list.exists));
  const hasChosen = spots.chosen?.startsWith(`${path}[`) ?? false;
  const shown = isOpen || hasChosen;
  const fold = (open: boolean): void => {
    setOpen(open);
    // What is chosen stays in sight: it is the step around then.
    if (!open && hasChosen) onChoose(place.slice(0, -list.place.length));
  };
  const when = useMemo(
    () => (list.kind === 'branch' ? conditionWords(list.when, module, catalog) : null),
    [list.kind, list.when, module, catalog],
  );
  const wrong = shown ? 0 : problems.filter((one) => one.path.startsWith(`${path}[`)).length;
  const summary = [countWords(list.steps.length, 'step'), ...(wrong > 0 ? [countWords(wrong, 'problem')] : [])].join(', ');
  return (
    <details class="lane" open={shown} onToggle={(event) => event.currentTarget.open !== shown && fold(event.currentTarget.open)}>
      <summary>
        <span class="lane-name">
          {listWords(list, number)} {!shown && <span class="quiet">{summary}</span>}
        </span>
        {when !== null && <span class="lane-when">When {when}</span>}
      </summary>
      {shown && <Steps drawing={drawing} spots={spots} steps={list.steps} list={place} before={number} depth={depth + 1} />}
    </details>
  );
}
