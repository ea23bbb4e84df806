import { useEffect, useState } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { getAt, type Place } from '../../model/json-path.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { placeOfId } from '../../model/step-tree.js';
import { navigate, usePlace } from '../../ui/location.js';

/** The step that the inspector is about. */
export interface ChosenStep {
  /** Where it is; null while there is none, or it was taken away. */
  place: Place | null;
  id: string | null;
  choose: (place: Place | null) => void;
}

const PAUSE_MS = 200;

/** Keeps the chosen step in the address, by its id; while it has none that is its own, by its place alone. */
export function useChosenStep(definition: JsonObject): ChosenStep {
  const { query, segments } = usePlace();
  const [chosen, choose] = useState<Place | null>(() => placeOfId(definition, query.get('step') ?? ''));
  const step = chosen === null ? undefined : getAt(definition, chosen);
  const id = isObject(step) && typeof step.id === 'string' ? step.id : null;
  useEffect(() => {
    if (query.get('step') === id) return;
    // Not at every key on the way: the address is read by the whole page.
    const timer = setTimeout(() => navigate(hrefOf(segments.join('/'), changedQuery(query, { step: id })), { replace: true }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return { place: isObject(step) ? chosen : null, id, choose };
}
