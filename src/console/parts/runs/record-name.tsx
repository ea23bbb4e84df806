import './record-name.css';
import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { shortId } from '../../model/run-filter.js';

interface RecordNameProps {
  module: string | null;
  recordId: string | null;
  /** Where people see it. */
  url?: string | null;
}

/** The record that something is about: its module, and its id, as a link into the CRM where the host says where that is. */
export function RecordName({ module, recordId, url = null }: RecordNameProps): VNode {
  const catalog = useCatalog();
  if (module === null || recordId === null) return <span class="quiet">none</span>;
  const label = catalog?.modules.find(({ name }) => name === module)?.singular ?? module;
  const name = (
    <>
      <span class="record-module">{label}</span>{' '}
      <span class="mono" title={recordId}>
        {shortId(recordId)}
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
