import './recipes.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { Recipe, WorkflowItem } from '../../api/types.js';
import { triggerWords } from '../../model/definition-words.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { Mark } from '../../ui/status.js';

/** What a new workflow begins with. */
export type Beginning = Pick<Recipe, 'name' | 'definition'> & { description: string | null };

/** Returns what makes a draft and opens it, and whether it is doing so. */
export function useCreate(): { create: (beginning: Beginning) => Promise<void>; isBusy: boolean } {
  const [isBusy, setBusy] = useState(false);
  const create = async ({ name, description, definition }: Beginning): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      const made = await call<WorkflowItem & { definition: JsonObject }>('POST', 'workflows', { body: { name, description, definition } });
      void forget('workflows');
      navigate(hrefOf(`workflows/${made.id}`));
    } catch (error) {
      setBusy(false);
      toastError('The workflow could not be made', error);
    }
  };
  return { create, isBusy };
}

/** Workflows to start from, each taken over by one click. */
export function RecipeCards({ recipes, onTake }: { recipes: readonly Recipe[]; onTake: (recipe: Recipe) => void }): VNode {
  const catalog = useCatalog();
  return (
    <div class="recipes">
      {recipes.map((recipe) => (
        <button key={recipe.code} type="button" class="recipe" onClick={() => onTake(recipe)}>
          <strong>{recipe.name}</strong>
          <small>{triggerWords(recipe.trigger ?? undefined, catalog)}</small>
          <span>{recipe.description}</span>
          {recipe.problems.length > 0 && (
            <Mark tone="warn" icon="warning">
              {`${countWords(recipe.problems.length, 'thing')} to fit to this CRM`}
            </Mark>
          )}
        </button>
      ))}
    </div>
  );
}
