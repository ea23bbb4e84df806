import type { VNode } from 'preact';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import type { Catalog } from '../../model/catalog.js';
import { byPart, type PartDifference } from '../../model/machine-diff.js';
import { DiffSteps, DiffTitle, DiffValues } from '../diff/diff-view.js';

const TITLES = { machine: 'The machine', state: 'State', transition: 'Transition' } as const;

/** What is other in the second of two machines: state by state, transition by transition. */
export function MachineDiff({ diff, catalog, module }: { diff: DefinitionDiff; catalog: Catalog | null; module: string | null }): VNode {
  if (diff.isSame) return <p class="quiet">There is no difference.</p>;
  return (
    <div class="diff">
      {byPart(diff).map((part) => (
        <Part key={`${part.kind} ${part.code}`} part={part} catalog={catalog} module={module} />
      ))}
    </div>
  );
}

function Part({
  part: { kind, code, whole, values, steps },
  catalog,
  module,
}: {
  part: PartDifference;
  catalog: Catalog | null;
  module: string | null;
}): VNode {
  return (
    <div class="diff-step">
      <DiffTitle title={TITLES[kind]} code={code} changes={whole ? [whole.change] : []} />
      {values.length > 0 && <DiffValues values={values} catalog={catalog} module={module} />}
      {whole === null && <DiffSteps steps={steps} catalog={catalog} module={module} />}
    </div>
  );
}
