import type { EntityManager } from 'typeorm';

/** A function of src/store, asked for one workspace with the ids of a furnished one. */
export type Statement = (manager: EntityManager, workspaceId: string) => Promise<unknown>;
/** By file and function. */
export type Statements = Readonly<Record<string, Readonly<Record<string, Statement>>>>;
