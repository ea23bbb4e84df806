import { DataSource, Like } from 'typeorm';
import { AutomationError, type Caller, type JsonObject, WorkflowService } from '../../index.js';
import { DemoState } from '../demo-state.entity.js';

const MARK = 'sink:';

/** The origins (`http://127.0.0.1:3000`) to whose sinks workflows of this database have been pointed. */
export async function knownSinks(dataSource: DataSource): Promise<string[]> {
  const marks = await dataSource.getRepository(DemoState).findBy({ done: Like(`${MARK}%`) });
  return marks.map(({ done }) => done.slice(MARK.length));
}

/** Notes that workflows call the sink at this origin. */
export async function rememberSink(dataSource: DataSource, origin: string): Promise<void> {
  await dataSource
    .createQueryBuilder()
    .insert()
    .into(DemoState)
    .values({ done: `${MARK}${origin}` })
    .orIgnore()
    .execute();
}

/** The data outlives the port: workflows that call the sink of an earlier start, which nobody answers at any more, call ours. */
export async function takeOverSinks(
  dataSource: DataSource,
  workflows: WorkflowService,
  { origin, sinkSecret }: { origin: string; sinkSecret: string },
  admin: Caller,
): Promise<void> {
  for (const former of await knownSinks(dataSource)) {
    if (former === origin || (await answers(former))) continue;
    await repoint(workflows, `${former}/crm/sink`, { url: `${origin}/crm/sink`, secret: sinkSecret }, admin);
    await rememberSink(dataSource, origin);
    await dataSource.getRepository(DemoState).delete({ done: `${MARK}${former}` });
  }
}

/** Secrets do not go along to another address, and nobody can read them: the sink's is given again. */
async function repoint(workflows: WorkflowService, from: string, to: { url: string; secret: string }, admin: Caller): Promise<void> {
  const { items } = await workflows.list({ sort: { field: 'code', descending: false }, page: 1, limit: 100 }, admin);
  for (const { id } of items) {
    const { definition, revision, status, hasUnpublishedChanges } = await workflows.get(id, admin);
    const text = JSON.stringify(definition);
    if (!text.includes(JSON.stringify(from))) continue;
    const moved = JSON.parse(text, (_, value) => (value?.url === from ? { ...value, ...to } : value)) as JsonObject;
    await workflows.update(id, { revision, definition: moved }, admin);
    // An edit that somebody has not finished, and a pause, are theirs to end.
    if (status !== 'active' || hasUnpublishedChanges) continue;
    try {
      await workflows.publish(id, admin);
    } catch (error) {
      // What somebody published, and what has a problem by now, is theirs to mend: it is no reason for the demo not to start.
      if (!(error instanceof AutomationError && error.code === 'definition_invalid')) throw error;
    }
  }
}

async function answers(origin: string): Promise<boolean> {
  try {
    await fetch(`${origin}/crm/sink`, { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    // Refused, or not in time: whoever was there is gone.
    return false;
  }
}
