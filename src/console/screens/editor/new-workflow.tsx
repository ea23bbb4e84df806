import './editor.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import type { Problem } from '../../api/types.js';
import { triggerWords } from '../../model/definition-words.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { Page } from '../../ui/page.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import type { WorkflowDetail } from './types.js';

interface Recipe {
  code: string;
  name: string;
  description: string;
  module: string | null;
  trigger: JsonObject | null;
  definition: JsonObject;
  problems: Problem[];
}

/** A workflow to begin with: an empty one, or one that does something already. */
export function NewWorkflow(): VNode {
  const catalog = useCatalog();
  const recipes = useAsk<{ items: Recipe[] }>('recipes', { fresh: 60_000 });
  const [search, setSearch] = useState('');
  const [isBusy, setBusy] = useState(false);
  const create = async (name: string, description: string | null, definition: JsonObject): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      const made = await call<WorkflowDetail>('POST', 'workflows', { body: { name, description, definition } });
      void forget('workflows');
      navigate(hrefOf(`workflows/${made.id}`));
    } catch (error) {
      setBusy(false);
      toastError('The workflow could not be made', error);
    }
  };
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (recipes.data?.items ?? []).filter(({ name, description, module }) =>
    words.every((word) => `${name} ${description} ${module}`.toLowerCase().includes(word)),
  );
  return (
    <Page
      title="New workflow"
      back={{ href: 'workflows', label: 'Workflows' }}
      sub="Take a recipe and make it yours, or begin with nothing."
      actions={
        <Button
          kind="primary"
          icon="plus"
          busy={isBusy}
          onClick={() => void create('New workflow', null, { trigger: { type: 'event' }, steps: [] })}
        >
          Begin with nothing
        </Button>
      }
    >
      {recipes.error && <ErrorPanel error={recipes.error.body} retry={() => void recipes.refetch()} />}
      {!recipes.data && !recipes.error && <Skeleton what="recipes" />}
      {recipes.data && (
        <>
          <input
            type="search"
            class="input"
            aria-label="Search recipes"
            placeholder="Search recipes"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
          <div class="recipes">
            {found.map(({ code, name, description, trigger, definition, problems }) => (
              <button key={code} type="button" class="recipe" onClick={() => void create(name, description, definition)}>
                <strong>{name}</strong>
                <small>{triggerWords(trigger ?? undefined, catalog)}</small>
                <span>{description}</span>
                {problems.length > 0 && (
                  <Mark tone="warn" icon="warning">
                    {`${countWords(problems.length, 'thing')} to fit to this CRM`}
                  </Mark>
                )}
              </button>
            ))}
          </div>
          {found.length === 0 && <p class="quiet">No recipe has “{search}” in it.</p>}
        </>
      )}
    </Page>
  );
}
