import './record-name.css';
import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { shortId } from '../../model/run-filter.js';

/** The record that something is about: its module, and its id. */
export function RecordName({ module, recordId }: { module: string | null; recordId: string | null }): VNode {
  const catalog = useCatalog();
  if (module === null || recordId === null) return <span class="quiet">none</span>;
  const label = catalog?.modules.find(({ name }) => name === module)?.singular ?? module;
  return (
    <span class="record-name">
      <span class="record-module">{label}</span>{' '}
      <span class="mono" title={recordId}>
        {shortId(recordId)}
      </span>
    </span>
  );
}
