import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { Recipe } from '../../api/types.js';
import { LinkButton } from '../../ui/button.js';
import { Pending } from '../../ui/pending.js';
import { RecipeCards, useCreate } from './recipe-cards.js';

const SHOWN = 3;

/** For a workspace without workflows: three that fit its CRM, and the way to all others. */
export function FirstRecipes(): VNode {
  const recipes = useAsk<{ items: Recipe[] }>('recipes', { fresh: 60_000 });
  const { create } = useCreate();
  if (recipes.data === undefined) {
    return <Pending asked={recipes} what="recipes" rows={3} />;
  }
  return (
    <div class="stack recipes-few">
      <RecipeCards recipes={firstOf(recipes.data.items)} onTake={(recipe) => void create(recipe)} />
      <span class="row">
        <LinkButton icon="workflows" href="workflows/new">
          All {recipes.data.items.length} recipes, or begin with nothing
        </LinkButton>
      </span>
    </div>
  );
}

/** Those that can be published as they stand, of as many kinds as there are. */
function firstOf(recipes: readonly Recipe[]): Recipe[] {
  const kinds = new Set<unknown>();
  const isOther = ({ trigger }: Recipe): boolean => {
    const kind = trigger?.type;
    return !kinds.has(kind) && kinds.add(kind).has(kind);
  };
  const fitting = recipes.toSorted((one, other) => one.problems.length - other.problems.length);
  const different = fitting.filter(isOther);
  return [...different, ...fitting.filter((recipe) => !different.includes(recipe))].slice(0, SHOWN);
}
