import type { EntityManager } from 'typeorm';
import type { Problem } from '../../index.js';
import { Account } from '../accounts/account.entity.js';
import { PipelineStage } from '../users/pipeline-stage.entity.js';
import { User } from '../users/user.entity.js';
import { CRM_MODULES, type CrmModule } from './crm-modules.js';

/** Whether what the record points at exists in its own workspace: users, account, stage, related record. */
export async function referenceProblems(
  manager: EntityManager,
  module: CrmModule,
  workspaceId: string,
  record: Record<string, unknown>,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const miss = (path: string, message: string): void => void problems.push({ path, message });
  for (const field of ['ownerId', 'assigneeId']) {
    const id = record[field];
    if (typeof id === 'string' && !(await manager.existsBy(User, { id, workspaceId, active: true }))) {
      miss(field, `there is no active user ${id}`);
    }
  }
  const { accountId, stage, relatedModule, relatedId } = record;
  if (typeof accountId === 'string' && !(await manager.existsBy(Account, { id: accountId, workspaceId }))) {
    miss('accountId', `there is no account ${accountId}`);
  }
  if (module.hasStages === true && typeof stage === 'string') {
    const stages = await manager.find(PipelineStage, { where: { workspaceId, module: module.name }, order: { position: 'ASC' } });
    if (!stages.some((known) => known.name === stage)) {
      miss('stage', `must be one of ${stages.map((known) => known.name).join(', ')}`);
    }
  }
  if (typeof relatedModule === 'string' || typeof relatedId === 'string') {
    const related = CRM_MODULES.find((candidate) => candidate.name === relatedModule);
    if (related === undefined || typeof relatedId !== 'string') miss('relatedId', 'relatedModule and relatedId go together');
    else if (!(await manager.existsBy(related.entity, { id: relatedId, workspaceId }))) {
      miss('relatedId', `there is no ${related.singular} ${relatedId}`);
    }
  }
  return problems;
}
