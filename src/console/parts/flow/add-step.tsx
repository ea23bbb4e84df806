import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Catalog } from '../../model/catalog.js';
import { Dialog } from '../../ui/dialog.js';
import { Prose } from '../../ui/prose.js';

/** Which kind of step: actions and flow control, found by what they are called and what they do. */
export function AddStep({ catalog, onPick, onClose }: { catalog: Catalog; onPick: (type: string) => void; onClose: () => void }): VNode {
  const [search, setSearch] = useState('');
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const isFound = ({ type, label, description = '' }: { type: string; label: string; description?: string }): boolean =>
    words.every((word) => `${type} ${label} ${description}`.toLowerCase().includes(word));
  const groups = [
    { title: 'Do something', kinds: catalog.actions.filter(isFound) },
    { title: 'Decide, wait, ask', kinds: catalog.stepTypes.filter((one) => one.executable && isFound(one)) },
  ].filter(({ kinds }) => kinds.length > 0);
  const first = groups[0]?.kinds[0];
  return (
    <Dialog title="Add a step" onClose={onClose}>
      <input
        type="search"
        // The dialog was opened to search in.
        autofocus
        class="input"
        aria-label="Search kinds of steps"
        placeholder="Search: mail, task, wait …"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !first) return;
          event.preventDefault();
          onPick(first.type);
        }}
      />
      <div class="kind-list">
        {groups.map(({ title, kinds }) => (
          <section key={title}>
            <h3>{title}</h3>
            {kinds.map(({ type, label, description }) => (
              <button key={type} type="button" class="kind" data-kind={type} onClick={() => onPick(type)}>
                <strong>{label}</strong>
                {description && (
                  <small>
                    <Prose text={description} />
                  </small>
                )}
              </button>
            ))}
          </section>
        ))}
        {groups.length === 0 && <p class="quiet">No kind of step is called “{search}”.</p>}
      </div>
    </Dialog>
  );
}
