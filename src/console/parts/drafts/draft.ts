import type { Actor } from '../../../core/event.js';
import type { JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import type { Problem } from '../../api/types.js';
import { type DraftDocument, documentOf, patchOf, withMineOnTop } from '../../model/document.js';
import { edit, type History, redo, startHistory, undo } from '../../model/history.js';
import { createStore, type Store } from '../../ui/store.js';
import { dropText, keepText } from './kept-text.js';

/** What the API tells of anything that is edited as a draft: a workflow, a state machine. */
export interface DraftItem extends DraftDocument {
  id: string;
  /** `archived` is to look at only. */
  status: string;
  revision: number;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  /** Who saved it last. */
  updatedBy: Actor | null;
}

/** Where drafts are asked for and sent to. */
export type DraftKind = 'workflows' | 'machines';

/** What people call one of a kind, and all of them. */
export const DRAFT_WORDS: Readonly<Record<DraftKind, { what: string; label: string }>> = {
  workflows: { what: 'workflow', label: 'Workflows' },
  machines: { what: 'state machine', label: 'State machines' },
};

/** How what is shown stands to what is stored. */
export type Saving<Item> =
  | { kind: 'saved'; at: Date | null }
  | { kind: 'changed' }
  | { kind: 'saving' }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'conflict'; theirs: Item };

export interface DraftState<Item extends DraftItem> {
  history: History<DraftDocument>;
  saving: Saving<Item>;
  /** As it was last stored, with its problems and all that is no part of the document. */
  item: Item;
}

const PAUSE_MS = 800;
const AGAIN_MS = 5_000;

/**
 * A workflow or a state machine that is being edited: every edit is a new document, stored a moment after the last one. Until it
 * is, the text is kept in the tab's storage too.
 */
export class Draft<Item extends DraftItem> {
  readonly state: Store<DraftState<Item>>;
  /** What is stored, and what the next edit is based on. */
  private stored: DraftDocument;
  private revision: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private isClosed = false;

  constructor(
    readonly kind: DraftKind,
    item: Item,
  ) {
    this.stored = documentOf(item);
    this.revision = item.revision;
    this.state = createStore<DraftState<Item>>({ history: startHistory(this.stored), saving: { kind: 'saved', at: null }, item });
  }

  /** The address of what is edited, below the API and below the console alike. */
  get path(): string {
    return `${this.kind}/${this.state.get().item.id}`;
  }

  get document(): DraftDocument {
    return this.state.get().history.present;
  }

  /** Edits the document; edits in a row that are `about` the same are undone together. */
  edit(change: (document: DraftDocument) => DraftDocument, about: string | null = null): void {
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

  private go(history: History<DraftDocument>): void {
    if (history === this.state.get().history) return;
    const { saving } = this.state.get();
    this.set({ history, ...(saving.kind === 'conflict' ? {} : { saving: { kind: 'changed' } }) });
    keepText(this.state.get().item.id, { revision: this.revision, document: history.present });
    if (saving.kind !== 'conflict') this.later(PAUSE_MS);
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    if (this.isClosed) return;
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

  private async send(document: DraftDocument, patch: Partial<DraftDocument>): Promise<void> {
    try {
      const item = await call<Item>('PATCH', this.path, { body: { revision: this.revision, ...patch } });
      this.stored = document;
      this.revision = item.revision;
      this.settle(item);
    } catch (error) {
      await this.failed(error);
    }
  }

  private settle(item: Item | null): void {
    const isWhole = this.document === this.stored || patchOf(this.stored, this.document) === null;
    if (isWhole) dropText(this.state.get().item.id);
    this.set({
      saving: isWhole ? { kind: 'saved', at: new Date() } : { kind: 'changed' },
      ...(item && { item: this.withSameProblems(item) }),
    });
    if (!isWhole) this.later(PAUSE_MS);
  }

  /** The same objects for the same problems: what shows them need not be drawn anew after every save. */
  private withSameProblems(item: Item): Item {
    const { problems } = this.state.get().item;
    return JSON.stringify(problems) === JSON.stringify(item.problems) ? { ...item, problems } : item;
  }

  private async failed(error: unknown): Promise<void> {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'revision_conflict') {
      try {
        this.conflict(await call<Item>('GET', this.path));
      } catch (unread) {
        // Why theirs cannot be read is what stands in the way now: offline it is tried again, one that was deleted is said to be gone.
        await this.failed(unread);
      }
      return;
    }
    this.set({ saving: { kind: 'failed', error } });
    // What the server refuses it would refuse again; what did not reach it is sent anew.
    if (error.status === 0 || error.status >= 500 || error.status === 401) this.later(AGAIN_MS);
  }

  private conflict(theirs: Item): void {
    // Nothing of ours is other than theirs: then there is nothing to ask.
    if (patchOf(documentOf(theirs), this.document) === null) this.take(theirs, documentOf(theirs));
    else this.set({ saving: { kind: 'conflict', theirs } });
  }

  /** What both began with. */
  get base(): DraftDocument {
    return this.stored;
  }

  takeTheirs(theirs: Item): void {
    this.take(theirs, documentOf(theirs));
  }

  putMineOnTop(theirs: Item): void {
    this.take(theirs, withMineOnTop(this.stored, this.document, documentOf(theirs)));
  }

  /** Makes a new one of mine, and takes theirs here. Returns the copy. */
  async keepAsCopy(theirs: Item): Promise<{ name: string; path: string }> {
    const { name, description, definition } = this.document;
    const copy = await call<Item>('POST', this.kind, {
      body: { name: `${name} (mine)`.slice(0, 200), description, definition },
    });
    this.takeTheirs(theirs);
    return { name: copy.name, path: `${this.kind}/${copy.id}` };
  }

  /** Goes on from another stored state; what was here can be had back by undo. */
  private take(item: Item, document: DraftDocument): void {
    this.stored = documentOf(item);
    this.revision = item.revision;
    this.set({
      history: edit(this.state.get().history, document),
      item,
      saving: { kind: 'changed' },
    });
    void this.save();
  }

  /** What publishing, or another call beside the edits, has made of it. */
  refreshed(item: Item): void {
    this.revision = item.revision;
    this.set({ item });
  }

  private set(change: Partial<DraftState<Item>>): void {
    this.state.set({ ...this.state.get(), ...change });
  }

  /** Stores what is left, and then no more: another page goes on from there. */
  async close(): Promise<void> {
    try {
      await this.save();
    } finally {
      this.isClosed = true;
      clearTimeout(this.timer);
    }
  }
}
