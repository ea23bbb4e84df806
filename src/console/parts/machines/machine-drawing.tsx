import './machine-drawing.css';
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ANY, type State, type Transition } from '../../model/machine.js';
import { type DrawnState, drawMachine } from '../../model/machine-drawing.js';
import { type DrawnArrow, LABEL_LINE } from '../../model/machine-ways.js';
import { durationWords } from '../../model/time.js';
import { numberWords } from '../../model/words.js';

interface MachineDrawingProps {
  states: readonly State[];
  transitions: readonly Transition[];
  /** Where instances are. */
  instances?: ReadonlyMap<string, number>;
  chosen: string | null;
  /** The id of what says the same in words. */
  table: string;
  /** Without it states are no buttons. */
  onChoose?: (state: string) => void;
}

/** A machine as a drawing: to the right where there is room for it, else downwards. */
export function MachineDrawing({ states, transitions, instances, chosen, table, onChoose }: MachineDrawingProps): VNode | null {
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setRoom(element.clientWidth));
    observer.observe(element);
    setRoom(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  const named = useMemo(() => states.filter(({ code }) => code !== ''), [states]);
  const drawing = useMemo(() => {
    if (named.length === 0) return null;
    const wide = drawMachine(named, transitions, 'right');
    // Beside it stands its padding.
    return wide.width <= room - 24 ? wide : drawMachine(named, transitions, 'down');
  }, [named, transitions, room]);
  // What is wider than the page opens where somebody looks first. Not at each edit: the place is theirs by then.
  useLayoutEffect(() => {
    const first = chosen ?? named.find(({ isInitial }) => isInitial)?.code;
    const shown = drawing?.states.find(({ code }) => code === first);
    if (shown && box.current) box.current.scrollLeft = shown.x + (shown.width - room) / 2;
  }, [room]);
  if (named.length === 0) return null;
  const isNear = ({ from, to }: DrawnArrow): boolean => chosen !== null && (from === chosen || to === chosen);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page is scrolled by keyboard, too.
    <section ref={box} class="drawing" aria-label="Drawing" tabIndex={0}>
      {drawing && room > 0 && (
        // The arrows in it are one picture, and the states buttons.
        <svg role="presentation" width={drawing.width} height={drawing.height} viewBox={`0 0 ${drawing.width} ${drawing.height}`}>
          <svg role="img" aria-label="States and the ways between them" aria-describedby={table}>
            {drawing.arrows.map((arrow) => (
              <g
                key={`${arrow.from} ${arrow.to}`}
                class={`drawing-arrow${arrow.isDisabled ? ' drawing-off' : ''}${isNear(arrow) ? ' drawing-near' : ''}`}
              >
                <path class="drawing-line" d={arrow.line} />
                <path class="drawing-tip" d={arrow.tip} />
              </g>
            ))}
            {drawing.arrows.map((arrow) => (
              <Label key={`${arrow.from} ${arrow.to}`} arrow={arrow} isNear={isNear(arrow)} />
            ))}
          </svg>
          {drawing.states.map((drawn) => (
            <foreignObject key={drawn.code} x={drawn.x - 4} y={drawn.y - 4} width={drawn.width + 8} height={drawn.height + 8}>
              <StateBox
                drawn={drawn}
                state={named.find(({ code }) => code === drawn.code) ?? null}
                instances={instances?.get(drawn.code) ?? 0}
                isChosen={drawn.code === chosen}
                onChoose={onChoose}
              />
            </foreignObject>
          ))}
        </svg>
      )}
    </section>
  );
}

function Label({ arrow: { labels, label, isDisabled }, isNear }: { arrow: DrawnArrow; isNear: boolean }): VNode {
  const most = Math.floor(label.width / 6.6);
  const top = label.y - ((labels.length - 1) * LABEL_LINE) / 2 + 4;
  return (
    <text class={`drawing-label${isDisabled ? ' drawing-off' : ''}${isNear ? ' drawing-near' : ''}`} text-anchor="middle">
      {labels.map((code, line) => (
        <tspan key={code} x={Math.round(label.x)} y={Math.round(top + line * LABEL_LINE)}>
          {code.length > most ? `${code.slice(0, most - 1)}…` : code}
        </tspan>
      ))}
    </text>
  );
}

function StateBox({
  drawn: { code },
  state,
  instances,
  isChosen,
  onChoose,
}: {
  drawn: DrawnState;
  state: State | null;
  instances: number;
  isChosen: boolean;
  onChoose: ((state: string) => void) | undefined;
}): VNode {
  if (code === ANY || state === null) return <span class="drawing-state drawing-any">any state</span>;
  const told = [
    ...(state.isInitial ? ['begins'] : []),
    ...(state.isFinal ? ['final'] : []),
    ...(state.timeout ? [durationWords(state.timeout.after)] : []),
    ...(instances > 0 ? [`${numberWords(instances)} here`] : []),
  ];
  const look = `drawing-state${state.isInitial ? ' drawing-initial' : ''}${state.isFinal ? ' drawing-final' : ''}`;
  const words = (
    <>
      <b>{code}</b>
      {told.length > 0 && <small>{told.join(' · ')}</small>}
    </>
  );
  if (!onChoose) {
    return (
      <span class={look} aria-current={isChosen ? 'step' : undefined}>
        {words}
      </span>
    );
  }
  return (
    <button type="button" class={look} aria-pressed={isChosen} title={state.description ?? code} onClick={() => onChoose(code)}>
      {words}
    </button>
  );
}
