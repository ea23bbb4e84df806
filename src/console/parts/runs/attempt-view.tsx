import './attempt-view.css';
import type { ComponentChildren, VNode } from 'preact';
import type { Json } from '../../../core/json.js';
import { useCatalog } from '../../api/me.js';
import { stepKindWords, stepWords } from '../../model/definition-words.js';
import type { RunNode } from '../../model/run-tree.js';
import { JsonView } from '../../ui/json-view.js';
import { ErrorPanel } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { Time, Took } from '../../ui/time.js';
import { ExplanationView } from '../why/explanation-view.js';
import { attemptWords } from './attempt-list.js';

interface AttemptViewProps {
  node: RunNode;
  /** Which of its attempts, by its place among them. */
  chosen: number;
  module: string | null;
  /** Whether what to do about its error is said above already. */
  isTold: boolean;
}

/** One step of a run as one attempt found and left it. */
export function AttemptView({ node, chosen, module, isTold }: AttemptViewProps): VNode {
  const catalog = useCatalog();
  const { attempts, step, path } = node;
  const attempt = attempts[chosen] ?? attempts[0];
  if (!attempt) return <p class="quiet">The run has not come to this step.</p>;
  const { standing, superseded, input, output, error, startedAt, durationMs, wakeAt } = attempt;
  const looked = node.lists.filter(({ explanation }) => explanation !== null);
  return (
    <div class="attempt">
      <header class="attempt-head">
        <div>
          <h2>{stepWords(step, catalog)}</h2>
          <p class="quiet">
            {stepKindWords(step.type, catalog)} · <code>{path}</code>
          </p>
        </div>
        {attempts.length > 1 && <span class="quiet">{attemptWords(attempt)}</span>}
      </header>
      {error && <ErrorPanel error={{ message: error.message, hint: isTold ? undefined : textOf(error.hint), code: error.code }} />}
      {!isTold && error && Array.isArray(error.causes) && error.causes.length > 0 && (
        <Part title="Causes">
          <ul class="attempt-causes">
            {error.causes.map((cause) => (
              <li key={String(cause)}>{String(cause)}</li>
            ))}
          </ul>
        </Part>
      )}
      <dl class="facts">
        <dt>Status</dt>
        <dd>
          <Status status={superseded ? 'superseded' : standing} />
        </dd>
        <dt>Began</dt>
        <dd>
          <Time at={startedAt} inline />
        </dd>
        <dt>Took</dt>
        <dd>
          <Took ms={durationMs} />
        </dd>
        {wakeAt !== null && (
          <>
            <dt>Goes on</dt>
            <dd>
              <Time at={wakeAt} inline />
            </dd>
          </>
        )}
      </dl>
      {looked.length > 0 && (
        <Part title="Conditions">
          {looked.map(({ name, explanation }) => (
            <div key={name}>
              <h3>{name}</h3>
              {explanation && <ExplanationView explanation={explanation} module={module} />}
            </div>
          ))}
        </Part>
      )}
      {input !== null && looked.length === 0 && <Data title="Input" value={input} />}
      {output !== null && <Data title="Output" value={output} root={`steps.${String(step.id ?? path)}.output`} />}
      {error?.details != null && <Data title="Details of the error" value={error.details} />}
    </div>
  );
}

function Data({ title, value, root }: { title: string; value: Json; root?: string }): VNode {
  return (
    <Part title={title}>
      <JsonView value={value} label={title.toLowerCase()} root={root} />
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <section class="attempt-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
