import './record-name.css';
import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { useRecordTitle } from '../../api/record-titles.js';
import { moduleOf } from '../../model/catalog.js';
import { shortId } from '../../model/run-filter.js';

interface RecordNameProps {
  module: string | null;
  recordId: string | null;
  /** Where people see it. */
  url?: string | null;
}

/** The record that something is about: its module, and what people call it or else its id, as a link into the CRM where the host says where that is. */
export function RecordName({ module, recordId, url = null }: RecordNameProps): VNode {
  const catalog = useCatalog();
  const title = useRecordTitle(module, recordId);
  if (module === null || recordId === null) return <span class="quiet">none</span>;
  const label = moduleOf(catalog, module)?.singular ?? module;
  const name = (
    <>
      <span class="record-module">{label}</span>{' '}
      <span class={title === null ? 'mono' : undefined} title={recordId}>
        {title ?? shortId(recordId)}
      </span>
    </>
  );
  return url === null ? (
    <span class="record-name">{name}</span>
  ) : (
    // Out of a frame that the CRM may show the console in.
    <a class="record-name" href={url} target="_top">
      {name}
    </a>
  );
}
