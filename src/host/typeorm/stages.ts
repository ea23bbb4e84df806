import type { DataSource, EntityManager, ObjectLiteral } from 'typeorm';
import type { RecordData } from '../../core/event.js';
import type { CrmTransaction } from '../crm-host.js';
import { storableKeys } from './columns.js';
import type { StageEntityOption, StagesOption, WorkspaceWhere } from './config.js';
import { configError } from './config-error.js';
import { neededColumn } from './property-column.js';
import { bindToWorkspace, workspaceRule } from './workspace-rule.js';

/** The stages that a record may take, in order; null when its module has none. */
export type StageFinder = (tx: CrmTransaction, record: RecordData) => Promise<string[] | null>;

/** The finder that a module's `stages` describe; without them the options of the stage field. Throws `crm_config_invalid`. */
export function stageFinder(
  dataSource: DataSource,
  option: StagesOption | undefined,
  known: readonly string[] | undefined,
  defaultWorkspace: string | null,
): StageFinder {
  if (option === undefined || isList(option)) {
    const stages = option ?? known;
    return async () => (stages ? [...stages] : null);
  }
  if (typeof option === 'function') return async (tx, record) => (await option(record, tx)) ?? null;
  return stageRows(dataSource, option, defaultWorkspace);
}

function stageRows(dataSource: DataSource, option: StageEntityOption, defaultWorkspace: string | null): StageFinder {
  if (!dataSource.hasMetadata(option.entity)) throw configError('The entity of the stages is not one of the DataSource.');
  const metadata = dataSource.getMetadata(option.entity);
  const value = neededColumn(metadata, option.value ?? 'name');
  const order = neededColumn(metadata, option.order ?? 'position');
  const where = typeof option.where === 'function' ? (option.where as WorkspaceWhere) : undefined;
  const rule = workspaceRule(metadata, { workspace: option.workspace, where }, defaultWorkspace);
  const match = Object.entries(option.match ?? {}).map(([property, field]) => ({
    column: neededColumn(metadata, property),
    field: String(field),
  }));

  const read = async (tx: CrmTransaction, wanted: readonly (string | null)[]): Promise<string[]> => {
    const builder = tx.manager.createQueryBuilder<ObjectLiteral>(option.entity, 'stage').orderBy(`stage.${order.propertyPath}`);
    if (typeof option.where === 'object') builder.andWhere(option.where);
    if (!bindToWorkspace(builder, { dataSource, metadata, rule }, 'stage', tx.workspaceId)) return [];
    for (const [index, { column }] of match.entries()) {
      const text = wanted[index] ?? null;
      if (text === null) {
        builder.andWhere(`stage.${column.propertyPath} IS NULL`);
        continue;
      }
      if (storableKeys(dataSource, column, [text]).length === 0) return [];
      builder.andWhere(`stage.${column.propertyPath} = :match${index}`, { [`match${index}`]: text });
    }
    return (await builder.getMany()).map((stage) => String(value.getEntityValue(stage)));
  };

  // Records of one batch mostly share a pipeline: those that ask at the same time share one answer. Nothing is kept beyond
  // that, since a manager may outlive a transaction.
  const asked = new WeakMap<EntityManager, Map<string, Promise<string[]>>>();
  return async (tx, record) => {
    const wanted = match.map(({ field }) => {
      const part = record[field];
      return part === null || part === undefined ? null : String(part);
    });
    const pending = asked.get(tx.manager) ?? new Map<string, Promise<string[]>>();
    asked.set(tx.manager, pending);
    const name = JSON.stringify([tx.workspaceId, wanted]);
    let answer = pending.get(name);
    if (!answer) {
      // One after the other: a connection serves one statement at a time.
      const before = Promise.allSettled(pending.values());
      answer = before.then(() => read(tx, wanted)).finally(() => pending.delete(name));
      pending.set(name, answer);
    }
    return [...(await answer)];
  };
}

function isList(option: StagesOption): option is readonly string[] {
  return Array.isArray(option);
}
