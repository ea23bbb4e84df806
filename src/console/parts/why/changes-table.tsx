import './changes-table.css';
import type { VNode } from 'preact';
import type { Json } from '../../../core/json.js';
import { useCatalog } from '../../api/me.js';
import { fieldWords } from '../../model/definition-words.js';
import { exactTime } from '../../model/time.js';
import { valueWords } from '../../model/words.js';
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
            <td class="quiet">{shown(from, zone)}</td>
            <td>{shown(to, zone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function shown(value: Json, zone: string): string {
  return typeof value === 'string' && MOMENT.test(value) ? exactTime(new Date(value), zone) : valueWords(value);
}
