import type { VNode } from 'preact';
import type { Json, JsonObject } from '../../../core/json.js';
import { useCatalog } from '../../api/me.js';
import type { AuditItem } from '../../api/types.js';
import { changedMembers } from '../../model/audit-words.js';
import { isObject } from '../../model/catalog.js';
import { diffDefinitions, diffValues } from '../../model/definition-diff.js';
import { nameWords } from '../../model/words.js';
import { DiffValues, DiffView } from '../../parts/diff/diff-view.js';
import { Disclosure } from '../../ui/disclosure.js';
import { JsonView } from '../../ui/json-view.js';

/** Why somebody changed something, and what is other since: folded, because most who look want to know who and when. */
export function AuditChange({ item: { before, after, note } }: { item: AuditItem }): VNode {
  const changed = changedMembers(before, after);
  return (
    <>
      {note !== null && <span class="message">{note}</span>}
      {changed.length > 0 && (
        <Disclosure summary={changed.map(([name]) => nameWords(name)).join(', ')}>
          <div class="stack">
            {changed.map(([name, was, is]) => (
              <Member key={name} name={name} was={was} is={is} />
            ))}
          </div>
        </Disclosure>
      )}
      {note === null && changed.length === 0 && <span class="quiet">–</span>}
    </>
  );
}

function Member({ name, was, is }: { name: string; was: Json; is: Json }): VNode {
  const catalog = useCatalog();
  if (isObject(was) && isObject(is) && name === 'definition') {
    return <DiffView diff={diffDefinitions(was, is)} catalog={catalog} module={moduleOf(is)} />;
  }
  // What is new, or gone, is told whole.
  if (isWhole(was, is) || isWhole(is, was)) {
    return (
      <section>
        <h3>
          {nameWords(name)} {was === null ? 'after' : 'before'}
        </h3>
        <JsonView value={was ?? is} label={`${name} ${was === null ? 'after' : 'before'}`} />
      </section>
    );
  }
  return <DiffValues values={diffValues(was, is, [name])} catalog={catalog} module={null} />;
}

function isWhole(one: Json, other: Json): boolean {
  return one === null && typeof other === 'object';
}

function moduleOf({ trigger }: JsonObject): string | null {
  return isObject(trigger) && typeof trigger.module === 'string' ? trigger.module : null;
}
