import type { VNode } from 'preact';
import { call } from '../../api/client.js';
import type { WorkflowItem } from '../../api/types.js';
import type { Catalog } from '../../model/catalog.js';
import { countWords, listWords, numberWords } from '../../model/words.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { type Publication, PublishDialog as Publishing } from '../../parts/publish/publish-dialog.js';
import type { PublishPreview, WorkflowDetail } from './types.js';

const WORDS = { on: 'active', off: 'paused', turnOn: 'activate' };

interface PublishDialogProps {
  workflow: WorkflowItem;
  catalog: Catalog;
  /** An earlier version that is published again. */
  fromVersion?: number;
  /** Called with the path of a problem that is to be mended. */
  onProblem?: (path: string) => void;
  onPublished: (workflow: WorkflowDetail) => void;
  onClose: () => void;
}

/** Publishes a workflow, after saying what that changes and means. */
export function PublishDialog({ workflow, catalog, fromVersion, ...ends }: PublishDialogProps): VNode {
  const { id, name, status, module } = workflow;
  const load = async (): Promise<Publication> => {
    const preview = await call<PublishPreview>('GET', `workflows/${id}/publish-preview`, { query: { fromVersion } });
    return {
      ...preview,
      isOn: status === 'active',
      diff: preview.diff && <DiffView diff={preview.diff} catalog={catalog} module={module} />,
      meaning: meaningOf(preview),
    };
  };
  return <Publishing kind="workflows" id={id} name={name} fromVersion={fromVersion} words={WORDS} load={load} {...ends} />;
}

function meaningOf({ base, inFlight, matches }: PublishPreview): Publication['meaning'] {
  const staying = inFlight.flatMap(({ version, queued, running, waiting }) => {
    const told = [...counted(waiting, 'waiting'), ...counted(running, 'running'), ...counted(queued, 'queued')];
    return told.length === 0 ? [] : [`Runs in flight: ${listWords(told)} stay on v${version}.`];
  });
  const before = matches !== null && matches.published !== null && base !== null ? `; v${base} on ${numberWords(matches.published)}` : '';
  return [
    ...staying.map((words) => ({ icon: 'runs' as const, words })),
    ...(matches
      ? [
          {
            icon: 'filter' as const,
            words: `Of ${matches.partial ? 'the newest ' : ''}${countWords(matches.events, 'event')} of the last ${matches.days} days it would have started on ${numberWords(matches.draft)}${before}.`,
          },
        ]
      : []),
  ];
}

function counted(count: number, word: string): string[] {
  return count === 0 ? [] : [`${numberWords(count)} ${word}`];
}
