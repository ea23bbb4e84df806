import { useMemo } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { isObject } from '../../../model/catalog.js';
import { formatPlace, getAt, type Place, setAt } from '../../../model/json-path.js';
import { problemsAt } from '../../../model/machine.js';
import { type Editing, useEditing } from '../../../parts/forms/editing.js';

/**
 * A part of the definition as if it were the whole: a transition has conditions and steps as a workflow has, and is edited by the
 * same forms. `record`: what its previews are about.
 */
export function useNestedEditing(place: Place, record: { id: string; title: string } | null = null): Editing {
  const around = useEditing();
  const start = formatPlace(place);
  // The same for as long as there are no others: what shows them is not drawn anew for every edit.
  const problems = useMemo(
    () => problemsAt(around.problems, place).map((problem) => ({ ...problem, path: problem.path.slice(start.length).replace(/^\./, '') })),
    [around.problems, start],
  );
  return useMemo<Editing>(() => {
    const { definition } = around;
    const part = getAt(definition, place);
    return {
      ...around,
      ...(record && { subject: { recordId: record.id }, subjectTitle: record.title }),
      definition: isObject(part) ? part : {},
      problems,
      set: (at, value) => around.set([...place, ...at], value),
      change: (change) =>
        around.change((now) => {
          const before = getAt(now, place);
          return setAt(now, place, change(isObject(before) ? before : {})) as JsonObject;
        }),
    };
  }, [around, start, problems, record]);
}
