import { useEffect } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { call } from '../../api/client.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import type { Draft } from '../../parts/drafts/draft.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate, usePlace } from '../../ui/location.js';
import type { WorkflowDetail } from './types.js';

/** Makes an earlier version the draft where the address asks for it (`?from=3`): one edit, which undo takes back. */
export function useEditFrom(draft: Draft<WorkflowDetail>, isReadOnly: boolean): void {
  const { query, segments } = usePlace();
  const from = query.get('from');
  useEffect(() => {
    if (from === null || isReadOnly) return;
    // Once: what is edited then is not thrown away by a reload.
    navigate(hrefOf(segments.join('/'), changedQuery(query, { from: null })), { replace: true });
    call<{ definition: JsonObject }>('GET', `${draft.path}/versions/${encodeURIComponent(from)}`).then(
      ({ definition }) => {
        draft.editDefinition(() => definition);
        toast(`The draft is version ${from} again.`, { action: { label: 'Undo', run: () => draft.undo() } });
      },
      (error: unknown) => toastError(`Version ${from} could not be read`, error),
    );
  }, [from]);
}
