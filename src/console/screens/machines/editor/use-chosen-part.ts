import { useEffect, useState } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { statesOf, transitionsOf } from '../../../model/machine.js';
import { changedQuery, hrefOf } from '../../../model/route.js';
import { navigate, usePlace } from '../../../ui/location.js';

/** What of the machine is being edited. */
export type Part = { kind: 'state' | 'transition'; index: number };

/** The part that is shown, if it is one that there is. */
export interface ChosenPart {
  part: Part | null;
  choose: (part: Part | null) => void;
}

const PAUSE_MS = 200;

/** Keeps the chosen state or transition in the address, by its code. */
export function useChosenPart(definition: JsonObject): ChosenPart {
  const { query, segments } = usePlace();
  const [chosen, choose] = useState<Part | null>(() => {
    const at = (codes: readonly { code: string }[], code: string | null): number =>
      code ? codes.findIndex((one) => one.code === code) : -1;
    const transition = at(transitionsOf(definition), query.get('transition'));
    if (transition >= 0) return { kind: 'transition', index: transition };
    const state = at(statesOf(definition), query.get('state'));
    return state >= 0 ? { kind: 'state', index: state } : null;
  });
  const parts = chosen?.kind === 'state' ? statesOf(definition) : chosen ? transitionsOf(definition) : [];
  const code = chosen === null ? undefined : parts[chosen.index]?.code;
  const wanted = { state: chosen?.kind === 'state' ? code : null, transition: chosen?.kind === 'transition' ? code : null };
  useEffect(() => {
    if (
      (query.get('state') ?? undefined) === (wanted.state ?? undefined) &&
      (query.get('transition') ?? undefined) === (wanted.transition ?? undefined)
    )
      return;
    // Not at every key on the way: the address is read by the whole page.
    const timer = setTimeout(
      () => navigate(hrefOf(segments.join('/'), changedQuery(query, { ...wanted, step: null })), { replace: true }),
      PAUSE_MS,
    );
    return () => clearTimeout(timer);
  }, [wanted.state, wanted.transition]);
  return { part: code === undefined ? null : chosen, choose };
}
