import type { VNode } from 'preact';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import type { Actor } from '../../../core/event.js';
import { useAsk } from '../../api/query.js';
import { actorWords } from '../../model/actor-words.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { navigate, usePlace } from '../../ui/location.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { Card } from '../../ui/page.js';
import { OlderPages } from '../../ui/pages.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { Comparison } from '../diff/comparison.js';

/** A version that was published. */
export interface Version {
  version: number;
  publishedAt: string;
  publishedBy: Actor;
  note: string | null;
  restoredFrom: number | null;
  isPublished: boolean;
}

interface VersionListProps<Item extends Version> {
  /** What they are versions of, as the API knows it: `machines/…`. */
  path: string;
  /** What stays on a version: "Runs stay on the version that they have started with." */
  staying: string;
  /** How much is on each. */
  on: Column<Item>;
  /** Publishes an earlier one again; null: the reader may not. */
  onAgain: ((version: number) => void) | null;
  /** What else is done with one. */
  more: (version: Item) => readonly MenuItem[];
  drawDiff: (diff: DefinitionDiff) => VNode;
}

/** Every published version, a page at a time, and what is other between two of them. */
export function VersionList<Item extends Version>({ path, staying, on, onAgain, more, drawDiff }: VersionListProps<Item>): VNode {
  const { query, segments } = usePlace();
  const cursor = query.get('cursor');
  const { data, error, refetch } = useAsk<{ items: Item[]; nextCursor: number | null }>(`${path}/versions`, {
    query: { cursor, limit: 50 },
  });
  const go = (changes: Record<string, string | number | null>, replace = true): void =>
    navigate(hrefOf(segments.join('/'), changedQuery(query, changes)), { replace });
  if (data === undefined) return error ? <ErrorPanel error={error.body} retry={() => void refetch()} /> : <Skeleton what="versions" />;
  const { items, nextCursor } = data;
  if (items.length === 0) {
    return (
      <Card>
        <EmptyState icon="flag" title="Nothing is published yet">
          <span>Publishing makes the first version. {staying}</span>
        </EmptyState>
      </Card>
    );
  }
  const menuOf = (item: Item): MenuItem[] => {
    const { version, isPublished } = item;
    return [
      { label: 'Compare with the draft', icon: 'filter', onSelect: () => go({ from: version, to: 'draft' }) },
      ...(version > 1
        ? [{ label: 'Compare with the one before', icon: 'left' as const, onSelect: () => go({ from: version - 1, to: version }) }]
        : []),
      ...(onAgain && !isPublished ? [{ label: 'Publish this one again …', icon: 'retry' as const, onSelect: () => onAgain(version) }] : []),
      ...more(item),
    ];
  };
  return (
    <>
      {error && <ErrorPanel error={error.body} retry={() => void refetch()} />}
      <Card flush>
        <Table
          caption="Versions, newest first"
          columns={[
            ...COLUMNS,
            on,
            {
              id: 'actions',
              label: 'Actions',
              unnamed: true,
              tight: true,
              narrow: 'corner',
              cell: (item) => <MenuButton label={`Actions of version ${item.version}`} items={() => menuOf(item)} />,
            },
          ]}
          rows={items}
          keyOf={({ version }) => String(version)}
        />
        <OlderPages
          what="versions"
          cursor={cursor}
          older={nextCursor === null ? null : String(nextCursor)}
          onGo={(next) => go({ cursor: next }, false)}
        />
      </Card>
      <Comparison path={path} versions={items} drawDiff={drawDiff} />
    </>
  );
}

const COLUMNS: readonly Column<Version>[] = [
  {
    id: 'version',
    label: 'Version',
    narrow: 'title',
    cell: ({ version, isPublished, restoredFrom }) => (
      <span class="row">
        <strong>v{version}</strong>
        {isPublished && (
          <Mark tone="ok" icon="check">
            published now
          </Mark>
        )}
        {restoredFrom !== null && <Mark icon="retry">{`v${restoredFrom} again`}</Mark>}
      </span>
    ),
  },
  { id: 'when', label: 'When', tight: true, cell: ({ publishedAt }) => <Time at={publishedAt} /> },
  { id: 'who', label: 'Who', cell: ({ publishedBy }) => actorWords(publishedBy) },
  { id: 'note', label: 'Note', cell: ({ note }) => (note === null ? <span class="quiet">–</span> : <span class="message">{note}</span>) },
];
