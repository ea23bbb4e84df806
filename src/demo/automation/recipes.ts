import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AutomationError, type Caller, WorkflowService } from '../../index.js';
import { adminOf } from '../access/tokens.js';
import { DemoState } from '../demo-state.entity.js';
import { projectRoot } from '../project-root.js';
import { DEMO_SETTINGS, type DemoSettings } from '../settings.js';
import { rememberSink, takeOverSinks } from '../sink/sink-address.js';
import type { Recipe } from './recipe.js';
import { SMS_RECIPE } from './sms-recipe.js';

/** The far side of the recipe with the webhook, which the demo's sink stands in for. */
const FAR_SIDE = 'https://billing.example.com/deals';

/** Those that are at work from the first start; the others wait in the gallery (`GET recipes`). */
const AT_WORK = [
  'closed-won-webhook.json',
  'overdue-invoices.json',
  'proposal-follow-up.json',
  'senior-owner-for-big-deals.json',
  'welcome-web-leads.json',
];

/** Puts each recipe to work once in the life of a database. What somebody has deleted since does not come back. */
@Injectable()
export class RecipeInstaller {
  constructor(
    private readonly dataSource: DataSource,
    private readonly workflows: WorkflowService,
    @Inject(DEMO_SETTINGS) private readonly settings: DemoSettings,
  ) {}

  /** Returns the names of those that were installed just now. */
  async install(workspaceId: string): Promise<string[]> {
    const installed: string[] = [];
    for (const recipe of [...(await this.shippedRecipes()), SMS_RECIPE]) {
      const done = `recipe:${recipe.code}`;
      const isNew = await this.dataSource.transaction(async (manager) => {
        // Of two processes that start at once, one gets to insert the mark, and the other waits here for its commit. A
        // process killed in between has not committed it.
        const mark = await manager.createQueryBuilder().insert().into(DemoState).values({ done }).orIgnore().returning('done').execute();
        if ((mark.raw as unknown[]).length === 0) return false;
        await this.activate(recipe, adminOf(workspaceId));
        if (JSON.stringify(recipe.definition).includes(this.sinkUrl)) await rememberSink(this.dataSource, this.settings.origin);
        return true;
      });
      if (isNew) installed.push(recipe.name);
    }
    await takeOverSinks(this.dataSource, this.workflows, this.settings, adminOf(workspaceId));
    return installed;
  }

  private get sinkUrl(): string {
    return `${this.settings.origin}/crm/sink`;
  }

  private async activate(recipe: Recipe, admin: Caller): Promise<void> {
    let id: string | undefined;
    try {
      id = (await this.workflows.create(recipe, admin)).id;
    } catch (error) {
      if (!(error instanceof AutomationError && error.code === 'code_taken')) throw error;
      // A start that was interrupted right here has created it already.
      const { items } = await this.workflows.list(
        { search: recipe.code, sort: { field: 'code', descending: false }, page: 1, limit: 50 },
        admin,
      );
      id = items.find((item) => item.code === recipe.code)?.id;
    }
    if (id !== undefined) await this.workflows.publish(id, admin);
  }

  /** Some of templates/recipes, with the sink's real address and the secret it knows. */
  private async shippedRecipes(): Promise<Recipe[]> {
    const folder = join(projectRoot(), 'templates', 'recipes');
    const sink = { url: this.sinkUrl, secret: this.settings.sinkSecret };
    return Promise.all(
      AT_WORK.map(async (file) => {
        const text = await readFile(join(folder, file), 'utf8');
        const recipe = JSON.parse(text, (_, value) => (value?.url === FAR_SIDE ? { ...value, ...sink } : value)) as Omit<Recipe, 'code'>;
        return { code: file.replace(/\.json$/, ''), ...recipe };
      }),
    );
  }
}
