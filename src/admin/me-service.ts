import { Inject, Injectable } from '@nestjs/common';
import { REQUEST_LIMITS } from '../core/json-shape.js';
import { Calendars } from '../engine/calendars.js';
import { ENGINE_SETTINGS, type EngineSettings } from '../engine/engine-settings.js';
import { WorkspaceEntitlements } from '../engine/workspace-entitlements.js';
import { type Caller, PERMISSIONS, type Permission } from '../host/access.js';
import { countActiveOthers } from '../store/active-workflows.js';
import { AdminDatabase } from '../store/admin-database.js';
import { countMonthlyRuns } from '../store/monthly-runs.js';
import { LookUpService, type LookUps } from './look-up-service.js';
import { packageVersion } from './package-version.js';
import { BATCH_LIMIT } from './run-batches.js';

/** A limit of the plan; null: as much as one likes. */
export interface PlanLimit {
  allowed: number | null;
  used: number;
}

/** What the workspace's plan gives, and what of it is used. */
export interface PlanUse {
  name: string | null;
  enabled: boolean;
  activeWorkflows: PlanLimit;
  /** Of the present month, in UTC. */
  runsPerMonth: PlanLimit;
  /** Null: all types. */
  stepTypes: string[] | null;
}

/** Who is calling, and what there is for them. */
export interface Me {
  user: { id: string; name: string; roles: string[] };
  workspaceId: string;
  permissions: Permission[];
  /** The workspace's zone. */
  timezone: string;
  features: { lookUps: LookUps };
  limits: {
    bodyBytes: number;
    eventBytes: number;
    chainDepth: number;
    stepsPerRun: number;
    loopItems: number;
    loopSteps: number;
    bulkRetry: number;
  };
  /** Days. */
  retention: { runs: number; skippedRuns: number; events: number };
  /** Null: the application has no plans. */
  plan: PlanUse | null;
  version: string;
}

const DAY_MS = 86_400_000;

/** Tells callers about themselves: the first request of whatever shows the API to people. */
@Injectable()
export class MeService {
  constructor(
    private readonly database: AdminDatabase,
    private readonly calendars: Calendars,
    private readonly entitlements: WorkspaceEntitlements,
    private readonly lookUps: LookUpService,
    @Inject(ENGINE_SETTINGS) private readonly settings: EngineSettings,
  ) {}

  async of({ userId, name, roles = [], workspaceId, permissions }: Caller): Promise<Me> {
    const { limits, retention } = this.settings;
    await this.calendars.prepare([workspaceId]);
    return {
      user: { id: userId, name: name ?? userId, roles: [...roles] },
      workspaceId,
      permissions: PERMISSIONS.filter((permission) => permissions.includes(permission)),
      timezone: this.calendars.of(workspaceId).timezone,
      features: { lookUps: this.lookUps.available },
      limits: {
        bodyBytes: REQUEST_LIMITS.bytes,
        eventBytes: limits.payloadBytes,
        chainDepth: limits.chainDepth,
        stepsPerRun: limits.stepsPerRun,
        loopItems: limits.loopItems,
        loopSteps: limits.loopSteps,
        bulkRetry: BATCH_LIMIT,
      },
      retention: {
        runs: retention.runsMs / DAY_MS,
        skippedRuns: retention.skippedRunsMs / DAY_MS,
        events: retention.eventsMs / DAY_MS,
      },
      plan: this.entitlements.isOn ? await this.planOf(workspaceId) : null,
      version: packageVersion(),
    };
  }

  private async planOf(workspaceId: string): Promise<PlanUse> {
    await this.entitlements.prepare([workspaceId]);
    const { plan, enabled = true, activeWorkflows = null, runsPerMonth = null, stepTypes } = this.entitlements.of(workspaceId);
    const used = await this.database.read(async (manager) => ({
      active: await countActiveOthers(manager, workspaceId, null),
      runs: (await countMonthlyRuns(manager, [workspaceId])).get(workspaceId) ?? 0,
    }));
    return {
      name: plan ?? null,
      enabled,
      activeWorkflows: { allowed: activeWorkflows, used: used.active },
      runsPerMonth: { allowed: runsPerMonth, used: used.runs },
      stepTypes: stepTypes ? [...stepTypes] : null,
    };
  }
}
