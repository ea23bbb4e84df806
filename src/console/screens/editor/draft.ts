import type { JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import { documentOf, patchOf, type WorkflowDocument, withMineOnTop } from '../../model/document.js';
import { edit, type History, redo, startHistory, undo } from '../../model/history.js';
import { isSameJson } from '../../model/json-path.js';
import { createStore, type Store } from '../../ui/store.js';
import type { Problem, WorkflowDetail } from './types.js';

/** How what is shown stands to what is stored. */
export type Saving =
  | { kind: 'saved'; at: Date | null }
  | { kind: 'changed' }
  | { kind: 'saving' }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'conflict'; theirs: WorkflowDetail };

export interface DraftState {
  history: History<WorkflowDocument>;
  saving: Saving;
  problems: Problem[];
  warnings: Problem[];
  /** The workflow as it was last stored, for all that is no part of the document. */
  workflow: WorkflowDetail;
}

const PAUSE_MS = 800;
const AGAIN_MS = 5_000;

/**
 * One workflow that is being edited: every edit is a new document, stored a moment after the last one. Until it is, the text is
 * kept in the tab's storage too.
 */
export class Draft {
  readonly state: Store<DraftState>;
  /** What is stored, and what the next edit is based on. */
  private stored: WorkflowDocument;
  private revision: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;

  constructor(workflow: WorkflowDetail) {
    this.stored = documentOf(workflow);
    this.revision = workflow.revision;
    this.state = createStore<DraftState>({
      history: startHistory(this.stored),
      saving: { kind: 'saved', at: null },
      problems: workflow.problems,
      warnings: workflow.warnings,
      workflow,
    });
  }

  get document(): WorkflowDocument {
    return this.state.get().history.present;
  }

  get baseRevision(): number {
    return this.revision;
  }

  /** Edits the document; edits in a row that are `about` the same are undone together. */
  edit(change: (document: WorkflowDocument) => WorkflowDocument, about: string | null = null): void {
    this.go(edit(this.state.get().history, change(this.document), about));
  }

  editDefinition(change: (definition: JsonObject) => JsonObject, about: string | null = null): void {
    this.edit((document) => ({ ...document, definition: change(document.definition) }), about);
  }

  undo(): void {
    this.go(undo(this.state.get().history));
  }

  redo(): void {
    this.go(redo(this.state.get().history));
  }

  private go(history: History<WorkflowDocument>): void {
    if (history === this.state.get().history) return;
    const { saving } = this.state.get();
    this.set({ history, ...(saving.kind === 'conflict' ? {} : { saving: { kind: 'changed' } }) });
    keepText(this.state.get().workflow.id, { revision: this.revision, document: history.present });
    if (saving.kind !== 'conflict') this.later(PAUSE_MS);
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), ms);
  }

  /** Stores what is not stored yet; resolves when everything is, or when it cannot be. */
  async save(): Promise<boolean> {
    clearTimeout(this.timer);
    // One at a time, however many wait: two with one revision would be a conflict with ourselves.
    while (this.running !== null) await this.running;
    if (this.state.get().saving.kind === 'conflict') return false;
    const document = this.document;
    const patch = patchOf(this.stored, document);
    if (patch === null) {
      this.settle(null);
      return true;
    }
    this.set({ saving: { kind: 'saving' } });
    this.running = this.send(document, patch).finally(() => {
      this.running = null;
    });
    await this.running;
    return this.state.get().saving.kind === 'saved';
  }

  private async send(document: WorkflowDocument, patch: Partial<WorkflowDocument>): Promise<void> {
    const { id } = this.state.get().workflow;
    try {
      const workflow = await call<WorkflowDetail>('PATCH', `workflows/${id}`, { body: { revision: this.revision, ...patch } });
      this.stored = document;
      this.revision = workflow.revision;
      this.settle(workflow);
    } catch (error) {
      await this.failed(error);
    }
  }

  private settle(workflow: WorkflowDetail | null): void {
    const isWhole = this.document === this.stored || patchOf(this.stored, this.document) === null;
    if (isWhole) dropText(this.state.get().workflow.id);
    this.set({
      saving: isWhole ? { kind: 'saved', at: new Date() } : { kind: 'changed' },
      ...(workflow && { workflow, problems: workflow.problems, warnings: workflow.warnings }),
    });
    if (!isWhole) this.later(PAUSE_MS);
  }

  private async failed(error: unknown): Promise<void> {
    if (!(error instanceof ApiError)) throw error;
    const { workflow } = this.state.get();
    if (error.code === 'revision_conflict') {
      try {
        this.conflict(await call<WorkflowDetail>('GET', `workflows/${workflow.id}`));
      } catch (unread) {
        // Why theirs cannot be read is what stands in the way now: offline it is tried again, a deleted workflow is said to be gone.
        await this.failed(unread);
      }
      return;
    }
    this.set({ saving: { kind: 'failed', error } });
    // What the server refuses it would refuse again; what did not reach it is sent anew.
    if (error.status === 0 || error.status >= 500 || error.status === 401) this.later(AGAIN_MS);
  }

  private conflict(theirs: WorkflowDetail): void {
    // Nothing of ours is other than theirs: then there is nothing to ask.
    if (isSameJson(theirs.definition, this.document.definition) && theirs.name === this.document.name)
      this.take(theirs, documentOf(theirs));
    else this.set({ saving: { kind: 'conflict', theirs } });
  }

  /** What both began with. */
  get base(): WorkflowDocument {
    return this.stored;
  }

  takeTheirs(theirs: WorkflowDetail): void {
    this.take(theirs, documentOf(theirs));
  }

  putMineOnTop(theirs: WorkflowDetail): void {
    this.take(theirs, withMineOnTop(this.stored, this.document, documentOf(theirs)));
  }

  /** Makes a new workflow of mine, and takes theirs here. Returns the copy. */
  async keepAsCopy(theirs: WorkflowDetail): Promise<WorkflowDetail> {
    const { name, description, definition } = this.document;
    const copy = await call<WorkflowDetail>('POST', 'workflows', {
      body: { name: `${name} (mine)`.slice(0, 200), description, definition },
    });
    this.takeTheirs(theirs);
    return copy;
  }

  /** Goes on from another stored state; what was here can be had back by undo. */
  private take(workflow: WorkflowDetail, document: WorkflowDocument): void {
    this.stored = documentOf(workflow);
    this.revision = workflow.revision;
    this.set({
      history: edit(this.state.get().history, document),
      workflow,
      problems: workflow.problems,
      warnings: workflow.warnings,
      saving: { kind: 'changed' },
    });
    void this.save();
  }

  /** What publishing, or another call beside the edits, has made of the workflow. */
  refreshed(workflow: WorkflowDetail): void {
    this.revision = workflow.revision;
    this.set({ workflow, problems: workflow.problems, warnings: workflow.warnings });
  }

  private set(change: Partial<DraftState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }

  close(): void {
    void this.save();
  }
}

interface KeptText {
  revision: number;
  document: WorkflowDocument;
}

const keyOfText = (id: string): string => `automation-draft ${id}`;

function keepText(id: string, kept: KeptText): void {
  try {
    sessionStorage.setItem(keyOfText(id), JSON.stringify(kept));
  } catch {
    // No storage, or a full one: the page itself still has it.
  }
}

/** Forgets what is kept of a workflow in this tab. */
export function dropText(id: string): void {
  try {
    sessionStorage.removeItem(keyOfText(id));
  } catch {
    // See above.
  }
}

/** Returns what was typed in this tab and never stored; null when there is none. */
export function keptText(workflow: WorkflowDetail): WorkflowDocument | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOfText(workflow.id)) ?? 'null') as KeptText | null;
    return kept !== null && patchOf(documentOf(workflow), kept.document) !== null ? kept.document : null;
  } catch {
    return null;
  }
}
