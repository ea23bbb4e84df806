import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Place } from '../../model/json-path.js';
import { unreadableSteps, type Variable, variablesAt } from '../../model/variables.js';
import { Dialog } from '../../ui/dialog.js';
import { useEditing } from './editing.js';

/** Everything that a text at this place can read, and what can be made of it. */
export function VariablePicker({
  place,
  onPick,
  onClose,
}: {
  place: Place;
  onPick: (expression: string) => void;
  onClose: () => void;
}): VNode {
  const { definition, module, catalog } = useEditing();
  const [search, setSearch] = useState('');
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = (text: string): boolean => words.every((word) => text.toLowerCase().includes(word));
  const found = variablesAt(definition, place, module, catalog).filter(({ path, label, group }) => isFound(`${path} ${label} ${group}`));
  const helpers = catalog.templates.helpers.filter(({ name, description }) => isFound(`${name} ${description} functions`));
  const unreadable = unreadableSteps(definition, place, catalog).filter(({ id, number, name }) => isFound(`${number} ${name} steps.${id}`));
  const groups = [...new Set(found.map(({ group }) => group))];
  const pick = ({ path }: Variable): void => onPick(`{{${isRooted(path) ? path : `record.${path}`}}}`);
  return (
    <Dialog title="Insert a variable" onClose={onClose}>
      <input
        type="search"
        // The dialog was opened to search in.
        autofocus
        class="input"
        aria-label="Search variables"
        placeholder="Search variables"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = found[0];
          if (event.key !== 'Enter' || first === undefined) return;
          event.preventDefault();
          pick(first);
        }}
      />
      <div class="variables">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            {found
              .filter((one) => one.group === group)
              .map((one) => (
                <button key={one.path} type="button" class="variable" onClick={() => pick(one)}>
                  <span>{one.label}</span>
                  <small>{one.type ?? 'any'}</small>
                </button>
              ))}
          </section>
        ))}
        {helpers.length > 0 && (
          <section>
            <h3>Functions</h3>
            {helpers.map(({ name, description, example }) => (
              <button key={name} type="button" class="variable" onClick={() => onPick(example)}>
                <span>{description}</span>
                <small class="mono">{example}</small>
              </button>
            ))}
          </section>
        )}
        {unreadable.length > 0 && (
          <section>
            <h3>Steps that cannot be read here</h3>
            {unreadable.map(({ id, number, name, reason }) => (
              <button key={id} type="button" class="variable" aria-disabled>
                <span>
                  {number} {name}
                </span>
                <small>{reason}</small>
              </button>
            ))}
          </section>
        )}
        {found.length + helpers.length + unreadable.length === 0 && <p class="quiet">Nothing is called “{search}” here.</p>}
      </div>
    </Dialog>
  );
}

const ROOTED = /^(previous|changes|trigger|context|steps|actor|workflow|run|now|item|index)(\.|$)/;

function isRooted(path: string): boolean {
  return ROOTED.test(path);
}
