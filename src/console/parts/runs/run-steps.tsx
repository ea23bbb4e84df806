import './run-steps.css';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { useCatalog } from '../../api/me.js';
import type { Catalog } from '../../model/catalog.js';
import { conditionWords, stepKindWords, stepWords } from '../../model/definition-words.js';
import { decisiveWords } from '../../model/nearest-miss-words.js';
import type { RunBranch, RunNode } from '../../model/run-tree.js';
import { tookWords } from '../../model/time.js';
import { countWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';
import { statusLook } from '../../ui/status.js';
import { AttemptList } from './attempt-list.js';

interface RunStepsProps {
  nodes: readonly RunNode[];
  module: string | null;
  /** The path of the step that is looked at, and which of its attempts. */
  chosen: string | null;
  attempt: number;
  hrefOfStep: (path: string, attempt?: number) => string;
}

/** The steps of a run as its version has them: what became of each, which way it went, and how long each took. */
export function RunSteps(props: RunStepsProps): VNode {
  const catalog = useCatalog();
  const longest = useMemo(() => Math.max(1, ...durationsOf(props.nodes)), [props.nodes]);
  return <Steps {...props} catalog={catalog} longest={longest} />;
}

interface StepsProps extends RunStepsProps {
  catalog: Catalog | null;
  longest: number;
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

function Step({ node, hrefOfStep, chosen, catalog, longest }: Omit<StepsProps, 'nodes'> & { node: RunNode }): VNode {
  const { path, number, step, attempts, state } = node;
  const wasReached = state !== 'not_reached';
  const look = wasReached ? statusLook(state) : { word: 'Not reached', icon: 'dash' as const, tone: 'neutral' as const };
  const ms = attempts.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
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
          {attempts.length > 1 && <span>{countWords(attempts.length, 'attempt')}</span>}
        </small>
      </span>
      {attempts.some(({ durationMs }) => durationMs !== null) && (
        <span class="run-time">
          <small class="numbers">{tookWords(ms)}</small>
          <svg width="48" height="4" viewBox="0 0 48 4" aria-hidden="true">
            <rect width={Math.max(1, (48 * ms) / longest)} height="4" rx="1" />
          </svg>
        </span>
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

function durationsOf(nodes: readonly RunNode[]): number[] {
  return nodes.flatMap(({ attempts, lists }) => [
    attempts.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0),
    ...durationsOf(lists.flatMap((list) => list.nodes)),
  ]);
}
