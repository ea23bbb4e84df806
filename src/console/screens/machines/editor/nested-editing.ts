import { useMemo } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { isObject } from '../../../model/catalog.js';
import { formatPlace, getAt, type Place, setAt } from '../../../model/json-path.js';
import { problemsAt } from '../../../model/machine.js';
import { type Editing, useEditing } from '../../../parts/forms/editing.js';

/**
 * A part of the definition as if it were the whole: a transition has conditions and steps as a workflow has, and is edited by the
 * same forms.
 */
export function useNestedEditing(place: Place): Editing {
  const around = useEditing();
  const start = formatPlace(place);
  return useMemo<Editing>(() => {
    const { definition, problems } = around;
    const part = getAt(definition, place);
    return {
      ...around,
      definition: isObject(part) ? part : {},
      problems: problemsAt(problems, place).map((problem) => ({ ...problem, path: problem.path.slice(start.length).replace(/^\./, '') })),
      set: (at, value) => around.set([...place, ...at], value),
      change: (change) =>
        around.change((now) => {
          const before = getAt(now, place);
          return setAt(now, place, change(isObject(before) ? before : {})) as JsonObject;
        }),
    };
  }, [around, start]);
}
