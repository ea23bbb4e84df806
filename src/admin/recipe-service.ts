import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { shippedFolder } from '../actions/shipped-folder.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { WorkflowChanges } from './workflow-changes.js';

/** A workflow to start from. */
export interface Recipe {
  code: string;
  name: string;
  description: string;
  /** The module it is about. */
  module: string | null;
  trigger: JsonObject | null;
  definition: JsonObject;
  /** What keeps it from being published in this CRM: a field or role that it has not, an action that is not there. */
  problems: Problem[];
}

/** The gallery: workflows that ship with the library, each in a file of `templates/recipes`. */
@Injectable()
export class RecipeService {
  private files: Promise<Omit<Recipe, 'module' | 'trigger' | 'problems'>[]> | null = null;

  constructor(private readonly changes: WorkflowChanges) {}

  /** All recipes, in the order of their names. */
  async list(): Promise<Recipe[]> {
    this.files ??= readRecipes().catch((error: unknown) => {
      // Not for the life of the process.
      this.files = null;
      throw error;
    });
    return (await this.files).map((recipe) => {
      const { module, trigger, problems } = this.changes.examine(recipe.definition);
      return { ...recipe, module, trigger, problems };
    });
  }
}

async function readRecipes(): Promise<Omit<Recipe, 'module' | 'trigger' | 'problems'>[]> {
  const folder = shippedFolder('recipes');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const recipes = await Promise.all(
    names.map(async (name) => {
      const recipe = JSON.parse(await readFile(join(folder, name), 'utf8')) as Pick<Recipe, 'name' | 'description' | 'definition'>;
      return { code: name.replace(/\.json$/, ''), ...recipe };
    }),
  );
  return recipes.sort((left, right) => left.name.localeCompare(right.name, 'en'));
}
