import { Inject, Injectable } from '@nestjs/common';
import { Mailer } from '../actions/email/mailer.js';
import type { Effect, ModuleDescription, OutputShape } from '../core/catalog.js';
import { definitionSchema } from '../core/definition/schema.js';
import { SETTINGS_SCHEMA } from '../core/definition/settings.js';
import { ERROR_CODES, type ErrorCode } from '../core/error-codes.js';
import { hintOf } from '../core/error-hints.js';
import type { JsonObject } from '../core/json.js';
import { describeMachineParts, type MachineParts, machineSchema } from '../core/machine/schema.js';
import { describeOperators } from '../core/operators/index.js';
import { SKIP_REASONS } from '../core/start/skip-reasons.js';
import { describeFlowSteps, type FlowStepDescription } from '../core/steps/index.js';
import { describeHelpers, type HelperDescription, type RootDescription, TEMPLATE_ROOTS } from '../core/template/describe.js';
import { describeTriggers, type TriggerDescription } from '../core/trigger/trigger.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { Calendars } from '../engine/calendars.js';
import { LastUsed } from '../engine/last-used.js';
import type { Caller } from '../host/access.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { AdminDatabase } from '../store/admin-database.js';

/** Everything that definitions may refer to, and what answers may hold. */
export interface CatalogView {
  modules: (ModuleDescription & { stages: string[] | null })[];
  triggers: (TriggerDescription & { executable: boolean })[];
  operators: JsonObject[];
  actions: { type: string; label: string; description?: string; effect: Effect; argumentsSchema: JsonObject; output: OutputShape | null }[];
  stepTypes: (FlowStepDescription & { executable: boolean })[];
  settings: JsonObject;
  machines: MachineParts;
  templates: { roots: RootDescription[]; helpers: HelperDescription[] };
  mailTemplates: string[];
  timezone: string;
  skipReasons: { reason: string; description: string }[];
  errors: { code: string; status: number; hint: string }[];
}

/** Catalogues of so many different workspaces are kept. */
const MOST_KEPT = 200;

/** The catalogue as people and editors read it. What is the same for all is put together once. */
@Injectable()
export class CatalogService {
  private readonly views = new LastUsed<CatalogView>(MOST_KEPT);
  private schema: JsonObject | null = null;
  private ofMachines: JsonObject | null = null;

  constructor(
    private readonly catalog: AutomationCatalog,
    private readonly database: AdminDatabase,
    private readonly calendars: Calendars,
    private readonly mailer: Mailer,
    @Inject(CRM_HOST) private readonly crm: CrmHost,
  ) {}

  /** The catalogue of the caller's workspace; the same object as long as nothing in it has changed. */
  async view({ workspaceId }: Caller): Promise<CatalogView> {
    await this.calendars.prepare([workspaceId]);
    const { timezone } = this.calendars.of(workspaceId);
    const mailTemplates = await this.mailer.templates.names();
    const stages = await this.stages(workspaceId);
    const key = JSON.stringify([timezone, mailTemplates, [...stages]]);
    const view = this.views.get(key) ?? this.build({ timezone, mailTemplates, stages });
    this.views.set(key, view);
    return view;
  }

  /** The JSON Schema of definitions. */
  definitionSchema(): JsonObject {
    this.schema ??= definitionSchema(this.catalog);
    return this.schema;
  }

  /** The JSON Schema of definitions of state machines. */
  machineSchema(): JsonObject {
    this.ofMachines ??= machineSchema(this.catalog);
    return this.ofMachines;
  }

  private build({
    timezone,
    mailTemplates,
    stages,
  }: Pick<CatalogView, 'timezone' | 'mailTemplates'> & { stages: ReadonlyMap<string, string[] | null> }): CatalogView {
    const { modules, actions, executable } = this.catalog;
    return {
      modules: [...modules.values()].map((module) => ({ ...module, stages: fixedStages(module) ?? stages.get(module.name) ?? null })),
      triggers: describeTriggers().map((trigger) => ({ ...trigger, executable: executable.triggers.has(trigger.type) })),
      operators: describeOperators(),
      actions: [...actions.values()].map(({ type, label, description, effect, argumentsSchema, output = null }) => ({
        type,
        label,
        description,
        effect,
        argumentsSchema,
        output,
      })),
      stepTypes: describeFlowSteps().map((step) => ({
        ...step,
        schema: besideSchema(step.schema),
        executable: executable.kinds.has(step.type) && !executable.lacking?.has(step.type),
      })),
      settings: SETTINGS_SCHEMA,
      machines: besideSchema(describeMachineParts()),
      templates: { roots: [...TEMPLATE_ROOTS], helpers: describeHelpers() },
      mailTemplates,
      timezone,
      skipReasons: Object.entries(SKIP_REASONS).map(([reason, description]) => ({ reason, description })),
      errors: Object.entries(ERROR_CODES).map(([code, status]) => ({ code, status, hint: hintOf(code as ErrorCode) })),
    };
  }

  /** The stages that all records of a module share, where they are rows of the workspace. */
  private async stages(workspaceId: string): Promise<Map<string, string[] | null>> {
    const asked = [...this.catalog.modules.values()].filter(hasStoredStages).map(({ name }) => name);
    if (asked.length === 0) return new Map();
    return this.database.read(async (manager) => {
      await this.database.enter(manager, workspaceId);
      const found = new Map<string, string[] | null>();
      for (const module of asked) found.set(module, await this.crm.findStages({ manager, workspaceId }, module, {}));
      return found;
    });
  }
}

function fixedStages({ fields, stageField }: ModuleDescription): string[] | null {
  return fields.find(({ name }) => name === stageField)?.options ?? null;
}

function hasStoredStages(module: ModuleDescription): boolean {
  return module.stageField !== undefined && module.pipelineFields?.length === 0 && fixedStages(module) === null;
}

/** What a schema refers to stands in the schema of definitions, which is the catalogue's neighbour. */
function besideSchema<Schema extends object>(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"definition.schema.json#/$defs/')) as Schema;
}
