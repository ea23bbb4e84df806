import './drafts.css';
import type { ComponentChildren, VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { Button } from '../../ui/button.js';
import { announce } from '../../ui/live.js';
import { useTitle } from '../../ui/page.js';
import { Banner, ErrorPanel } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { useStore } from '../../ui/store.js';
import { Keys } from '../flow/keys.js';
import { EditingContext } from '../forms/editing.js';
import { Conflict } from './conflict-dialog.js';
import type { Draft, DraftItem } from './draft.js';
import { DraftHead } from './draft-head.js';
import { dropText, keptText } from './kept-text.js';
import { Problems } from './problems.js';
import { useDraftKeys } from './use-draft-keys.js';
import type { OpenDraft } from './use-open-draft.js';

interface DraftPageProps<Item extends DraftItem> {
  opened: OpenDraft<Item>;
  /** Its status, beside whether it is saved. */
  marks: ComponentChildren;
  /** What can be done with it, before it is published and behind that. */
  actions?: ComponentChildren;
  menu?: ComponentChildren;
  /** Between the head and what is in the way. */
  tabs: VNode;
  /** Where the path of a problem is, in words. */
  placeWords: (path: string) => string | null;
  /** Brings the place of a problem into view. */
  onShow: (path: string) => void;
  /** Draws what is other in the second of two definitions. */
  drawDiff: (from: JsonObject, to: JsonObject) => VNode;
  /** Draws the dialog in which it is published. */
  drawPublish: (ends: { onPublished: (item: Item) => void; onClose: () => void }) => VNode;
  children: ComponentChildren;
}

/** A page that edits a draft: head, undo, saving, problems, what was lost, two in conflict, publishing. What is edited is inside. */
export function DraftPage<Item extends DraftItem>(props: DraftPageProps<Item>): VNode {
  const { opened, marks, actions, menu, tabs, placeWords, onShow, drawDiff, drawPublish, children } = props;
  const { draft, editing, readOnly, page, dialog, ask, askStored } = opened;
  const { isReadOnly } = editing;
  const state = useStore(draft.state);
  const { item, saving, history } = state;
  useTitle(history.present.name);
  const jumped = useRef(-1);
  const jump = (by: 1 | -1): void => {
    const { problems } = item;
    if (problems.length === 0) {
      announce('No problems.');
      return;
    }
    jumped.current = (Math.max(jumped.current, by === 1 ? -1 : 0) + by + problems.length) % problems.length;
    const problem = problems[jumped.current];
    onShow(problem?.path ?? '');
    announce(problem?.message ?? '');
  };
  useDraftKeys(draft, { onProblem: jump, onHelp: () => ask('keys') });
  return (
    <EditingContext.Provider value={editing}>
      {/* Leaving a field stores it: nothing to press. */}
      <div class="page" ref={page} onFocusOut={() => saving.kind === 'changed' && void draft.save()}>
        <DraftHead
          draft={draft}
          state={state}
          isReadOnly={isReadOnly}
          marks={
            <>
              {marks}
              {readOnly !== null && <Mark icon="info">{readOnly}</Mark>}
            </>
          }
          actions={
            <>
              {actions}
              {!isReadOnly && (
                <Button kind="primary" icon="check" onClick={() => void askStored('publish')}>
                  Publish …
                </Button>
              )}
              {menu}
            </>
          }
        />
        {tabs}
        {!isReadOnly && <LostText draft={draft} />}
        {saving.kind === 'failed' && <ErrorPanel error={saving.error.body} retry={() => void draft.save()} />}
        {saving.kind === 'conflict' && <Conflict draft={draft} theirs={saving.theirs} drawDiff={drawDiff} />}
        {item.problems.length > 0 && <Problems problems={item.problems} wrong={editing.problems} placeWords={placeWords} onShow={onShow} />}
        {children}
        {dialog === 'publish' &&
          drawPublish({
            onPublished: (published) => {
              draft.refreshed(published);
              ask(null);
            },
            onClose: () => ask(null),
          })}
        {dialog === 'keys' && <Keys onClose={() => ask(null)} />}
      </div>
    </EditingContext.Provider>
  );
}

/** What was typed in this tab and never stored, offered again. */
function LostText<Item extends DraftItem>({ draft }: { draft: Draft<Item> }): VNode | null {
  const [lost, setLost] = useState(() => keptText(draft.state.get().item));
  if (lost === null) return null;
  const takeUp = (): void => {
    draft.edit(() => lost);
    setLost(null);
  };
  const drop = (): void => {
    dropText(draft.state.get().item.id);
    setLost(null);
  };
  return (
    <Banner
      tone="warn"
      icon="warning"
      actions={
        <>
          <Button small onClick={takeUp}>
            Take it up again
          </Button>
          <Button small kind="quiet" onClick={drop}>
            Drop it
          </Button>
        </>
      }
    >
      <strong>Text of yours was not saved last time</strong>
      <span>It is still in this tab.</span>
    </Banner>
  );
}
