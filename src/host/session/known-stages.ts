import type { ModuleDescription } from '../../core/catalog.js';
import type { RecordData } from '../../core/event.js';
import type { CrmHost, CrmTransaction } from '../crm-host.js';

/** The stages of the pipelines that one transaction has to do with: each pipeline is asked for once. */
export class KnownStages {
  private readonly asked = new Map<string, Promise<string[] | null>>();

  constructor(private readonly host: CrmHost) {}

  /** Forgets everything: the next query asks the host. */
  clear(): void {
    this.asked.clear();
  }

  /** Returns the stages that the record may take, in order; null when the module has none. */
  async find(tx: CrmTransaction, module: ModuleDescription, record: RecordData): Promise<string[] | null> {
    const name = pipelineName(tx.workspaceId, module, record);
    const answer = this.asked.get(name) ?? this.host.findStages(tx, module.name, record);
    this.asked.set(name, answer);
    const stages = await answer;
    return stages && [...stages];
  }
}

/** Where the host does not say what decides about the pipeline, everything but the stage itself may. */
function pipelineName(workspaceId: string, { name, fields, stageField, pipelineFields }: ModuleDescription, record: RecordData): string {
  const deciding = pipelineFields ?? fields.map((field) => field.name).filter((field) => field !== stageField);
  return JSON.stringify([workspaceId, name, deciding.map((field) => record[field] ?? null)]);
}
