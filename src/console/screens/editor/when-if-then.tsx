import './editor.css';
import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { formatPlace } from '../../model/json-path.js';
import { ConditionEditor } from '../../parts/conditions/condition-editor.js';
import { FlowEditor } from '../../parts/flow/flow-editor.js';
import { StepInspector } from '../../parts/flow/inspector.js';
import { EditingContext, useEditing } from '../../parts/forms/editing.js';
import { Part } from './part.js';
import { type Preview, PreviewLine } from './preview.js';
import type { ChosenStep } from './use-chosen-step.js';

interface WhenIfThenProps {
  /** What is said of each part. */
  when: string;
  ifWords: string;
  thenWords: string;
  /** What starts it, as a form. */
  form: ComponentChildren;
  preview: Preview;
  chosen: ChosenStep;
  /** What the first two parts are drawn from. */
  of: readonly unknown[];
  /** Beside the steps, before them. */
  outline?: VNode | false;
  /** What it is, `The workflow`, and its form: at the side while no step is chosen. */
  about: string;
  settings: VNode;
  onUndo: () => void;
  onHelp: () => void;
}

/** What has a trigger, conditions and steps, as three numbered parts, and beside them the form of what is chosen. */
export function WhenIfThen({ chosen, preview, outline = false, ...props }: WhenIfThenProps): VNode {
  const { of, when, ifWords, thenWords, form, about, settings, onUndo, onHelp } = props;
  const editing = useEditing();
  const { record, explanation, error } = preview;
  const { place, id, choose } = chosen;
  const path = place && formatPlace(place);
  const box = useRef<HTMLDivElement>(null);
  const side = useRef<HTMLElement>(null);
  const leave = (): void => {
    if (path !== null) box.current?.querySelector<HTMLElement>(`[data-step="${CSS.escape(path)}"]`)?.focus();
    choose(null);
  };
  // When and If know nothing of the steps: they are not drawn anew for each that is chosen, nor for each letter in one.
  const { catalog, module, problems, isReadOnly } = editing;
  const beginning = useMemo(() => editing, [...of, catalog, module, problems, record, isReadOnly]);
  const before = useMemo(
    () => (
      <EditingContext.Provider value={beginning}>
        <Part number={1} title="When" sentence={when}>
          {!isReadOnly && form}
        </Part>
        <Part number={2} title="If" sentence={ifWords}>
          {module !== null && <PreviewLine preview={preview} module={module} catalog={catalog} />}
          <ConditionEditor place={['conditions']} explanation={explanation} label="Conditions" />
        </Part>
      </EditingContext.Provider>
    ),
    [beginning, explanation, error],
  );
  return (
    <div class={`editor${outline ? ' editor-outlined' : ''}`} ref={box}>
      {outline}
      <div class="editor-parts">
        {before}
        <Part number={3} title="Then" sentence={thenWords} isFlow>
          <FlowEditor
            chosen={path}
            onChoose={choose}
            onEnter={() => side.current?.querySelector<HTMLElement>('input, select, textarea')?.focus()}
            onUndo={onUndo}
            onHelp={onHelp}
          />
        </Part>
      </div>
      <aside
        ref={side}
        class={`editor-side${place === null ? ' editor-side-idle' : ''}`}
        aria-label={place === null ? about : 'The chosen step'}
      >
        {place === null ? settings : <StepInspector key={id ?? path} place={place} onClose={leave} />}
      </aside>
    </div>
  );
}
