import './run-steps.css';
import type { ComponentChildren, VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import type { RunDetail } from '../../api/types.js';
import type { Catalog } from '../../model/catalog.js';
import { conditionWords, stepKindWords, stepWords } from '../../model/definition-words.js';
import { decisiveWords } from '../../model/nearest-miss-words.js';
import { itemWords, type RunBranch, type RunNode } from '../../model/run-tree.js';
import { tookWords } from '../../model/time.js';
import { type Bar, barOf, barsOf, type Span, spanOf, timeAt, WIDTH, waterfallWords } from '../../model/waterfall.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { statusLook } from '../../ui/status.js';
import { useNow } from '../../ui/time.js';
import { AttemptList } from './attempt-list.js';

interface RunStepsProps {
  run: Pick<RunDetail, 'createdAt' | 'startedAt' | 'finishedAt' | 'status' | 'module'>;
  nodes: readonly RunNode[];
  /** The path of the step that is looked at, and which of its attempts. */
  chosen: string | null;
  attempt: number;
  hrefOfStep: (path: string, attempt?: number) => string;
}

/** The steps of a run as its version has them: what became of each, which way it went, and when each was at work. */
export function RunSteps({ run, ...rest }: RunStepsProps): VNode {
  const catalog = useCatalog();
  const { startedAt, status, module } = run;
  const span = spanOf(run, useNow());
  const started = startedAt === null ? span.to : Date.parse(startedAt);
  return (
    <>
      {(startedAt !== null || status === 'queued') && (
        <p class="run-card run-queue">
          <span class="run-mark">
            <Icon name="lines" size={12} />
          </span>
          <span class="run-words">In the queue</span>
          <Bars ms={started - span.from} bars={[barOf('queued', span.from, started, span)]} />
        </p>
      )}
      <Steps {...rest} module={module} catalog={catalog} span={span} />
    </>
  );
}

interface StepsProps extends Omit<RunStepsProps, 'run'> {
  module: string | null;
  catalog: Catalog | null;
  span: Span;
}

/** How long something took, and when in the time of the run that was. */
function Bars({ ms, bars, children }: { ms: number; bars: readonly Bar[]; children?: ComponentChildren }): VNode {
  return (
    <span class="run-time">
      <small class="numbers">{tookWords(ms)}</small>
      <svg viewBox={`0 0 ${WIDTH} 6`} preserveAspectRatio="none" aria-hidden="true">
        {bars.map(({ kind, x, width }) => (
          <rect key={`${kind} ${x}`} class={`bar-${kind}`} x={x} width={width} height="6" />
        ))}
      </svg>
      {children}
    </span>
  );
}

function Steps({ nodes, ...rest }: StepsProps): VNode {
  return (
    <ol class="run-steps">
      {nodes.map((node) => (
        <li key={node.path} class={`run-step run-${node.state}`}>
          <Step node={node} {...rest} />
          {node.path === rest.chosen && node.attempts.length > 1 && (
            <AttemptList attempts={node.attempts} chosen={rest.attempt} hrefOf={(attempt) => rest.hrefOfStep(node.path, attempt)} />
          )}
          {node.lists.map((list) => (
            <Way key={`${list.kind} ${list.name}`} list={list} {...rest} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function Step({ node, hrefOfStep, chosen, catalog, span }: Omit<StepsProps, 'nodes'> & { node: RunNode }): VNode {
  const { path, number, step, attempts, state } = node;
  const wasReached = state !== 'not_reached';
  const look = wasReached ? statusLook(state) : { word: 'Not reached', icon: 'dash' as const, tone: 'neutral' as const };
  const kind = stepKindWords(step.type, catalog);
  const name = stepWords(step, catalog);
  const content = (
    <>
      <span class={`run-mark tone-${look.tone} soft-${look.tone}`}>
        <Icon name={look.icon} size={12} />
      </span>
      <span class="run-words">
        <span class="run-name">
          {number !== '' && <span class="run-number numbers">{number}</span>} {name}
        </span>
        <small class="run-sub">
          {name !== kind && !name.startsWith(kind) && <span>{kind}</span>}
          <span class={`tone-${look.tone}`}>{look.word}</span>
          {attempts.length > 1 && (
            <span>{countWords(attempts.length, itemWords(`${attempts[0]?.path}`) === null ? 'attempt' : 'time')}</span>
          )}
        </small>
      </span>
      {attempts.length > 0 && (
        <Bars ms={timeAt(attempts, span)} bars={barsOf(attempts, span)}>
          <span class="visually-hidden">{waterfallWords(attempts, span)}</span>
        </Bars>
      )}
    </>
  );
  if (attempts.length === 0) return <div class="run-card">{content}</div>;
  return (
    <a class="run-card run-link" href={hrefOfStep(path)} aria-current={path === chosen ? 'true' : undefined}>
      {content}
    </a>
  );
}

function Way({ list, catalog, module, ...rest }: Omit<StepsProps, 'nodes'> & { list: RunBranch }): VNode {
  const { kind, name, when, isTaken, nodes } = list;
  const heading = {
    branch: `${name ?? 'Branch'}: if ${conditionWords(when, module, catalog)}`,
    otherwise: 'Otherwise',
    lane: name ?? 'Side by side',
    loop: 'For each item',
  }[kind];
  return (
    <div class={`run-way${isTaken === null ? '' : isTaken ? ' run-taken' : ' run-not-taken'}`}>
      <p class="run-way-head">
        {heading}
        {isTaken === false && <span class="run-way-note">not taken: {whyNot(list, module, catalog)}</span>}
      </p>
      {nodes.length === 0 ? <p class="run-way-note">Nothing to do</p> : <Steps nodes={nodes} catalog={catalog} module={module} {...rest} />}
    </div>
  );
}

/** What kept a run from a way that it did not go. */
function whyNot({ kind, explanation }: RunBranch, module: string | null, catalog: Catalog | null): string {
  if (kind === 'otherwise') return 'another way was';
  if (explanation === null) return 'an earlier one was';
  return decisiveWords(explanation, module, catalog) ?? 'its condition did not hold';
}
