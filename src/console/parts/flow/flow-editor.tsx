import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { stepKindWords, stepWords } from '../../model/definition-words.js';
import { formatPlace, getAt, isWithin, listAt, type Place, parsePlace } from '../../model/json-path.js';
import { type Slot, slotOf } from '../../model/list-tree.js';
import { keyOf } from '../../model/node-keys.js';
import { argumentNames } from '../../model/step-schemas.js';
import {
  duplicateStep,
  insertStep,
  moveStep,
  moveStepIn,
  moveStepOut,
  pasteSteps,
  placedSteps,
  readSteps,
  removeStep,
  type StepEdit,
  stepLists,
  withKind,
} from '../../model/step-tree.js';
import { announce, toast, toastError } from '../../ui/live.js';
import { Menu, type OpenedMenu } from '../../ui/menu.js';
import { useEditing } from '../forms/editing.js';
import { AddStep } from './add-step.js';
import { Breadcrumb } from './breadcrumb.js';
import type { FlowEditing } from './drawing.js';
import { FlowView } from './flow-view.js';
import { keyName, PASTE, STEP_ACTIONS } from './step-actions.js';

interface FlowEditorProps {
  chosen: string | null;
  onChoose: (place: Place | null) => void;
  /** To the form of the chosen step. */
  onEnter: () => void;
  onUndo: () => void;
  /** Shows which keys there are. */
  onHelp: () => void;
}

/** The steps, and everything that is done with them: by menu, and by keys while the focus is in them. */
export function FlowEditor({ chosen, onChoose, onEnter, onUndo, onHelp }: FlowEditorProps): VNode {
  const { definition, catalog, module, problems, isReadOnly, change } = useEditing();
  const [adding, setAdding] = useState<Slot | null>(null);
  const [menu, setMenu] = useState<StepMenu | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const wanted = useRef<{ path: string; enter?: boolean } | null>(null);

  // Before the next key: it belongs to what was moved.
  useLayoutEffect(() => {
    const want = wanted.current;
    if (want === null || adding !== null) return;
    wanted.current = null;
    const target = box.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(want.path)}"], [data-add="${CSS.escape(want.path)}"]`);
    target?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: 'nearest' });
    if (want.enter) onEnter();
  });

  const numberAt = (root: JsonObject, at: Place): string => placedSteps(root).find(({ path }) => path === formatPlace(at))?.number ?? '';

  const apply = (edit: StepEdit | null, said: string, list?: Place): void => {
    if (edit === null) {
      announce('It cannot go further that way.');
      return;
    }
    change(() => edit.definition);
    wanted.current = { path: formatPlace(edit.at ?? list ?? ['steps']) };
    onChoose(edit.at);
    announce(
      edit.at === null
        ? said
        : `${said} ${stepWords(getAt(edit.definition, edit.at) as JsonObject, catalog)}, now ${numberAt(edit.definition, edit.at)}.`,
    );
  };

  const create = (type: string): void => {
    if (adding === null) return;
    const action = catalog.actions.find((one) => one.type === type);
    const step = withKind({}, type, action !== undefined, argumentNames(type, catalog));
    const edit = insertStep(definition, adding, step);
    setAdding(null);
    change(() => edit.definition);
    wanted.current = { path: formatPlace(edit.at as Place), enter: true };
    onChoose(edit.at);
    announce(`Added ${stepKindWords(type, catalog)} as ${numberAt(edit.definition, edit.at as Place)}.`);
  };

  const remove = (at: Place): void => {
    const name = stepWords(getAt(definition, at) as JsonObject, catalog);
    apply(removeStep(definition, at), 'Deleted.', at.slice(0, -1));
    toast(`“${name}” is deleted.`, { action: { label: 'Undo', run: onUndo } });
  };
  const copy = async (at: Place, cut: boolean): Promise<void> => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(getAt(definition, at), null, 2));
      if (cut) remove(at);
      else announce('Copied.');
    } catch (error) {
      toastError('The step could not be copied', error);
    }
  };
  const pasteText = (text: string, slot: Slot): void => {
    const steps = readSteps(text);
    if (steps === null) toast('What was copied is no step.');
    else apply(pasteSteps(definition, slot, steps), 'Pasted:');
  };
  const paste = async (at: Place): Promise<void> => {
    try {
      pasteText(await navigator.clipboard.readText(), behind(at));
    } catch (error) {
      toastError('The clipboard cannot be read', error);
    }
  };
  const enter = (at: Place): void => {
    onChoose(at);
    wanted.current = { path: formatPlace(at), enter: true };
  };

  const go = (at: Place | null | undefined): void => {
    if (!at) return;
    wanted.current = { path: formatPlace(at) };
    onChoose(at);
  };

  /** What is done with a step, by the name of the key. */
  const doneWith = (at: Place): Readonly<Record<string, () => void>> => {
    const all = placedSteps(definition);
    const here = all.findIndex(({ path }) => path === formatPlace(at));
    const ways = {
      Up: () => go(all[here - 1]?.place),
      Down: () => go(all[here + 1]?.place),
      Left: () => go(all.findLast(({ place }) => place.length < at.length && isWithin(at, place))?.place),
      Right: () => go(firstInside(at)),
      Home: () => go(all[0]?.place),
      End: () => go(all.at(-1)?.place),
      Enter: () => enter(at),
    };
    if (isReadOnly) return ways;
    return {
      ...ways,
      A: () => setAdding(behind(at)),
      'Shift+A': () => setAdding(slotOf(at)),
      'Alt+Up': () => apply(moveStep(definition, at, -1), 'Moved'),
      'Alt+Down': () => apply(moveStep(definition, at, 1), 'Moved'),
      'Alt+Left': () => apply(moveStepOut(definition, at), 'Moved'),
      'Alt+Right': () => apply(moveStepIn(definition, at), 'Moved'),
      'Ctrl+D': () => apply(duplicateStep(definition, at), 'Copied as'),
      'Ctrl+C': () => void copy(at, false),
      'Ctrl+X': () => void copy(at, true),
      [PASTE]: () => void paste(at),
      Delete: () => remove(at),
    };
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const path = event.target instanceof HTMLElement ? event.target.dataset.step : undefined;
    const name = keyName(event);
    const action = path === undefined || name === PASTE ? undefined : doneWith(parsePlace(path))[name];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  const firstInside = (at: Place): Place | null => {
    const list = stepLists(getAt(definition, at)).find(({ steps }) => steps.length > 0);
    return list ? [...at, ...list.place, 0] : null;
  };

  useEffect(() => {
    const onPaste = (event: ClipboardEvent): void => {
      const text = event.clipboardData?.getData('text/plain');
      if (isReadOnly || !text || !(document.activeElement instanceof HTMLElement) || !box.current?.contains(document.activeElement)) return;
      const { step, add } = document.activeElement.dataset;
      if (step === undefined && add === undefined) return;
      event.preventDefault();
      // Where there is no step yet, the focus is on what adds one.
      const list = parsePlace(add ?? '');
      pasteText(text, step === undefined ? { list, index: listAt(definition, list).length } : behind(parsePlace(step)));
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  });

  // The same object at every drawing, so that cards need not be drawn anew.
  const [editing] = useState<FlowEditing>(() => ({
    add: (list, index) => setAdding({ list, index }),
    openMenu: (place, label, opened) => setMenu({ place, label, opened }),
  }));

  const isDeep = placedSteps(definition).some(({ depth }) => depth > 0);
  const hasSteps = listAt(definition, ['steps']).some(isObject);
  return (
    <div ref={box}>
      {/* There or not by what the steps are, not by what is chosen: nothing jumps when one is. */}
      {isDeep && <Breadcrumb definition={definition} catalog={catalog} chosen={chosen} onGo={go} />}
      <FlowView
        definition={definition}
        catalog={catalog}
        module={module}
        chosen={chosen}
        onChoose={onChoose}
        problems={problems}
        onKeyDown={onKeyDown}
        {...(!isReadOnly && { editing })}
      />
      {hasSteps && !isReadOnly && (
        <p class="quiet">
          <small>
            Arrow keys go from step to step, Alt moves them, A adds, Enter edits.{' '}
            <button type="button" class="link-button" onClick={onHelp}>
              All keys
            </button>
          </small>
        </p>
      )}
      {menu !== null && (
        <Menu
          key={menu.label}
          {...menu.opened}
          label={menu.label}
          items={STEP_ACTIONS.map(([label, key, icon]) => ({
            label: `${label} (${key})`,
            icon,
            danger: key === 'Delete',
            onSelect: () => doneWith(menu.place)[key]?.(),
          }))}
          onClose={() => setMenu((now) => (now === menu ? null : now))}
        />
      )}
      {adding !== null && <AddStep key={keyOf(definition)} catalog={catalog} onPick={create} onClose={() => setAdding(null)} />}
    </div>
  );
}

/** The menu of a step that is open: one for all of them. */
interface StepMenu {
  place: Place;
  label: string;
  opened: OpenedMenu;
}

/** The slot behind a step. */
function behind(at: Place): Slot {
  const { list, index } = slotOf(at);
  return { list, index: index + 1 };
}
