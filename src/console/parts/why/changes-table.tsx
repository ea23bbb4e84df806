import './changes-table.css';
import type { VNode } from 'preact';
import type { Json } from '../../../core/json.js';
import { useCatalog } from '../../api/me.js';
import { fieldWords } from '../../model/definition-words.js';
import { shownValue } from '../../model/shown-value.js';
import { useZone } from '../../ui/time.js';

/** Which fields became what. */
export function ChangesTable({ changes, module }: { changes: Record<string, { from: Json; to: Json }>; module: string | null }): VNode {
  const catalog = useCatalog();
  const zone = useZone();
  return (
    <table class="changes">
      <caption class="visually-hidden">Changed fields</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(changes).map(([field, { from, to }]) => (
          <tr key={field}>
            <th scope="row">{fieldWords(field, module, catalog)}</th>
            <td class="quiet">{shownValue(from, zone)}</td>
            <td>{shownValue(to, zone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
