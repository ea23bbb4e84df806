import type { Provider, Type } from '@nestjs/common';
import { ApprovalsController } from './approvals.controller.js';
import { HookBodies } from './hook-body.js';
import { HooksController } from './hooks.controller.js';
import { ResumeController } from './resume.controller.js';

/** The controllers that take requests of anybody. Their paths are relative: the module mounts them. */
export const publicControllers: Type<unknown>[] = [HooksController, ResumeController, ApprovalsController];

/** What they need beside what the admin API needs. */
export const publicProviders: Provider[] = [HookBodies];
