import { compileCondition } from '../condition/condition.js';
import { parsePath } from '../scope.js';
import { pathsReadByStep } from '../steps/reads.js';
import { walkSteps } from '../steps/tree.js';
import type { WorkflowDefinition } from './types.js';
import type { DefinitionWarning } from './warnings.js';

/**
 * A warning for each value of `context` that is read and that no step of the workflow puts there. `kept`: the names that the
 * workflow's own context holds now, which people may write, too.
 */
export function contextWarnings({ conditions, steps }: WorkflowDefinition, kept: readonly string[]): DefinitionWarning[] {
  const written = new Set(kept);
  for (const { step } of walkSteps(steps)) {
    for (const name of Object.keys({ ...step.extract, ...step.extractToContext })) written.add(name);
  }
  const warnings: DefinitionWarning[] = [];
  const note = (paths: Iterable<string>, path: string, known: ReadonlySet<string>, hint: string): void => {
    const names = [...paths].map(parsePath).flatMap((parsed) => (parsed?.root === 'context' ? parsed.segments.slice(0, 1) : []));
    for (const name of new Set(names)) {
      if (known.has(name)) continue;
      warnings.push({ path, code: 'context_not_written', message: `Nothing puts "${name}" into the context that it reads.`, hint });
    }
  };
  if (conditions)
    note(
      compileCondition(conditions, null).paths,
      'conditions',
      NOTHING,
      'The context is empty when a workflow is asked to start: use a branch.',
    );
  for (const { step, jsonPath } of walkSteps(steps)) {
    const hint = 'Extract it in a step before (`extract`, `extractToContext`), or write it with `PATCH workflows/:id/context`.';
    note(
      pathsReadByStep(step, (condition) => compileCondition(condition, null)),
      jsonPath,
      written,
      hint,
    );
  }
  return warnings;
}

const NOTHING: ReadonlySet<string> = new Set();
