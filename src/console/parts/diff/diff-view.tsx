import './diff.css';
import type { VNode } from 'preact';
import type { DefinitionDiff, StepDifference, ValueDifference } from '../../../core/definition/diff.js';
import type { Json, JsonObject } from '../../../core/json.js';
import type { Catalog } from '../../model/catalog.js';
import { conditionWords, stepKindWords } from '../../model/definition-words.js';
import { parsePlace } from '../../model/json-path.js';
import { durationParts, durationWords } from '../../model/time.js';
import { nameWords, valueWords } from '../../model/words.js';
import type { IconName } from '../../ui/icon.js';
import { Mark, type Tone } from '../../ui/status.js';

const CHANGES: Readonly<Record<string, readonly [word: string, icon: IconName, tone: Tone]>> = {
  added: ['added', 'plus', 'ok'],
  removed: ['removed', 'trash', 'bad'],
  moved: ['moved', 'skip', 'info'],
  changed: ['changed', 'pencil', 'warn'],
};

/** What is other in the second of two definitions: trigger, conditions and settings, then step by step. */
export function DiffView({ diff, catalog, module }: { diff: DefinitionDiff; catalog: Catalog | null; module: string | null }): VNode {
  if (diff.isSame) return <p class="quiet">There is no difference.</p>;
  return (
    <div class="diff">
      {diff.values.length > 0 && (
        <div class="diff-step">
          <div class="diff-title">
            <strong>Trigger, conditions, settings</strong>
          </div>
          <DiffValues values={diff.values} catalog={catalog} module={module} />
        </div>
      )}
      <DiffSteps steps={diff.steps} catalog={catalog} module={module} />
    </div>
  );
}

/** What became of steps, each for itself. */
export function DiffSteps({
  steps,
  catalog,
  module,
}: {
  steps: readonly StepDifference[];
  catalog: Catalog | null;
  module: string | null;
}): VNode {
  return (
    <>
      {steps.map((step) => (
        <div key={`${step.id} ${step.from} ${step.to}`} class="diff-step">
          <DiffTitle title={step.name ?? stepKindWords(step.type, catalog)} code={step.id} changes={step.changes} />
          {step.values.length > 0 && <DiffValues values={step.values} catalog={catalog} module={module} />}
        </div>
      ))}
    </>
  );
}

/** What something is called, and what became of it. */
export function DiffTitle({ title, code, changes }: { title: string; code: string | null; changes: readonly string[] }): VNode {
  return (
    <div class="diff-title">
      <strong>{title}</strong>
      {code !== null && <code>{code}</code>}
      {changes.map((change) => {
        const [word, icon, tone] = CHANGES[change] as (typeof CHANGES)[string];
        return (
          <Mark key={change} icon={icon} tone={tone}>
            {word}
          </Mark>
        );
      })}
    </div>
  );
}

/** Values that are other ones, as they read. */
export function DiffValues({
  values,
  catalog,
  module,
}: {
  values: readonly ValueDifference[];
  catalog: Catalog | null;
  module: string | null;
}): VNode {
  return (
    <dl>
      {values.map(({ path, change, from, to }) => (
        <div key={path} class="diff-value">
          <dt title={path}>{pathWords(path)}</dt>
          <dd>
            {change !== 'added' && <del>{words(path, from, catalog, module)}</del>} {change === 'changed' && 'to '}
            {change !== 'removed' && <ins>{words(path, to, catalog, module)}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** `with.dueIn` is "Due in": the arguments are what people see of a step. */
function pathWords(path: string): string {
  return parsePlace(path)
    .filter((part) => part !== 'with')
    .map((part) => (typeof part === 'number' ? String(part + 1) : nameWords(part)))
    .join(' › ');
}

function words(path: string, value: Json, catalog: Catalog | null, module: string | null): string {
  const isCondition =
    /(^|\.)(conditions|when|all|any|none)(\[\d+\])?$/.test(path) && typeof value === 'object' && value !== null && !Array.isArray(value);
  if (typeof value === 'string' && durationParts(value) !== null) return durationWords(value);
  return isCondition ? conditionWords(value as JsonObject, module, catalog) : valueWords(value);
}
