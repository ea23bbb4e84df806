import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useAsk } from '../../api/query.js';
import type { Recipe } from '../../api/types.js';
import { RecipeCards, useCreate } from '../../parts/recipes/recipe-cards.js';
import { Button } from '../../ui/button.js';
import { Page } from '../../ui/page.js';
import { AskedError } from '../../ui/pending.js';
import { Skeleton } from '../../ui/states.js';

const EMPTY = { name: 'New workflow', description: null, definition: { trigger: { type: 'event' }, steps: [] } };

/** A workflow to begin with: an empty one, or one that does something already. */
export function NewWorkflow(): VNode {
  const recipes = useAsk<{ items: Recipe[] }>('recipes', { fresh: 60_000 });
  const [search, setSearch] = useState('');
  const { create, isBusy } = useCreate();
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
        <Button kind="primary" icon="plus" busy={isBusy} onClick={() => void create(EMPTY)}>
          Begin with nothing
        </Button>
      }
    >
      <AskedError asked={recipes} />
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
          <RecipeCards recipes={found} onTake={(recipe) => void create(recipe)} />
          {found.length === 0 && <p class="quiet">No recipe has “{search}” in it.</p>}
        </>
      )}
    </Page>
  );
}
