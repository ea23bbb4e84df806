import './machine-table.css';
import type { ComponentChildren, VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import { useCatalog } from '../../api/me.js';
import type { Catalog } from '../../model/catalog.js';
import { conditionWords, stepWords } from '../../model/definition-words.js';
import { ANY, firedByWords, moduleOfMachine, problemsAt, type State, type Transition } from '../../model/machine.js';
import { durationWords } from '../../model/time.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { Mark } from '../../ui/status.js';

interface Problem {
  path: string;
  message: string;
  hint?: string;
}

interface MachineTableProps {
  id: string;
  definition: JsonObject;
  states: readonly State[];
  transitions: readonly Transition[];
  problems: readonly Problem[];
  instances?: ReadonlyMap<string, number>;
  chosen: string | null;
  /** The name of a state, and of a transition, where they lead somewhere. */
  drawState?: (state: State) => ComponentChildren;
  drawTransition?: (transition: Transition) => ComponentChildren;
}

/** A machine in words: of each state what leads out of it, in the order in which it is asked. */
export function MachineTable(props: MachineTableProps): VNode {
  const { id, states, transitions, chosen } = props;
  const catalog = useCatalog();
  const fromAny = transitions.filter(({ from }) => from === ANY);
  const lost = transitions.filter(({ from }) => from !== ANY && !states.some(({ code }) => from.includes(code)));
  return (
    <div class="table-place">
      <table id={id} class="table machine-table">
        <caption class="visually-hidden">States, and the transitions out of each</caption>
        <thead>
          <tr>
            {['Transition', 'To', 'Fired by', 'If', 'Steps', 'Enabled'].map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        {states.map((state) => (
          <tbody
            key={String(state.place)}
            data-path={`states[${state.place[1]}]`}
            class={state.code === chosen ? 'machine-chosen' : undefined}
          >
            <StateRow {...props} state={state} />
            {transitions
              .filter(({ from }) => from !== ANY && from.includes(state.code))
              .map((transition) => (
                <TransitionRow {...props} key={String(transition.place)} transition={transition} catalog={catalog} />
              ))}
          </tbody>
        ))}
        {fromAny.length > 0 && (
          <tbody>
            <GroupRow title="Any state that is not final" />
            {fromAny.map((transition) => (
              <TransitionRow {...props} key={String(transition.place)} transition={transition} catalog={catalog} />
            ))}
          </tbody>
        )}
        {lost.length > 0 && (
          <tbody>
            <GroupRow title="Out of no state that there is" />
            {lost.map((transition) => (
              <TransitionRow {...props} key={String(transition.place)} transition={transition} catalog={catalog} />
            ))}
          </tbody>
        )}
      </table>
    </div>
  );
}

function GroupRow({ title, children }: { title: ComponentChildren; children?: ComponentChildren }): VNode {
  return (
    <tr class="machine-state">
      <th colSpan={6} scope="rowgroup">
        <span class="machine-state-name">{title}</span>
        {children}
      </th>
    </tr>
  );
}

function StateRow({ state, problems, instances, drawState }: MachineTableProps & { state: State }): VNode {
  const { code, description, isInitial, isFinal, timeout, place } = state;
  const count = instances?.get(code) ?? 0;
  return (
    <GroupRow title={drawState?.(state) ?? (code || 'A state without a code')}>
      <span class="machine-state-marks">
        {isInitial && (
          <Mark tone="info" icon="flag">
            begins here
          </Mark>
        )}
        {isFinal && <Mark icon="stop">final</Mark>}
        {timeout && <Mark icon="clock">{`after ${durationWords(timeout.after)}: ${timeout.transition || 'nothing chosen'}`}</Mark>}
        {count > 0 && <Mark icon="box">{countWords(count, 'instance')}</Mark>}
      </span>
      {description !== null && <span class="machine-state-description">{description}</span>}
      <Problems problems={problemsAt(problems, place)} />
    </GroupRow>
  );
}

function TransitionRow({
  transition,
  definition,
  problems,
  catalog,
  drawTransition,
}: MachineTableProps & { transition: Transition; catalog: Catalog | null }): VNode {
  const { code, description, to, conditions, steps, isEnabled, place } = transition;
  const own = problemsAt(problems, place);
  return (
    <tr>
      <td class="cell cell-title">
        <span class="machine-transition">{drawTransition?.(transition) ?? (code || 'A transition without a code')}</span>
        {description !== null && <span class="cell-sub">{description}</span>}
        <Problems problems={own} />
      </td>
      <td class="cell" data-label="To">
        <span class="machine-to">
          <Icon name="arrow" size={12} />
          {to || 'nowhere yet'}
        </span>
      </td>
      <td class="cell" data-label="Fired by">
        {firedByWords(transition, definition, catalog)}
      </td>
      <td class="cell machine-words" data-label="If">
        {conditions === undefined ? (
          <span class="quiet">always</span>
        ) : (
          conditionWords(conditions, moduleOfMachine(definition.for), catalog)
        )}
      </td>
      <td class="cell machine-words" data-label="Steps">
        {steps.length === 0 ? (
          <span class="quiet">none</span>
        ) : (
          <ol class="machine-steps">
            {steps.map((step, index) => (
              <li key={`${index} ${String(step.id)}`}>{stepWords(step, catalog)}</li>
            ))}
          </ol>
        )}
      </td>
      <td class="cell" data-label="Enabled">
        {isEnabled ? (
          <Mark tone="ok" icon="check">
            yes
          </Mark>
        ) : (
          <Mark tone="warn" icon="pause">
            no
          </Mark>
        )}
      </td>
    </tr>
  );
}

function Problems({ problems }: { problems: readonly Problem[] }): VNode | null {
  if (problems.length === 0) return null;
  return (
    <ul class="machine-problems">
      {problems.map(({ path, message, hint }) => (
        <li key={`${path} ${message}`} class="tone-bad">
          <Icon name="warning" size={12} />
          <span>
            {message} {hint} <code>{path}</code>
          </span>
        </li>
      ))}
    </ul>
  );
}
