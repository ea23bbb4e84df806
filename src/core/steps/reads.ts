import type { CompiledCondition } from '../condition/condition.js';
import type { Condition } from '../condition/tree.js';
import { OUTPUT_ROOT } from '../extract.js';
import { isJsonObject, type Json } from '../json.js';
import { compileTemplate, hasExpression } from '../template/template.js';
import { kindOf, type Step } from './index.js';
import { walkSteps } from './tree.js';

/** Every path that the steps read when they are executed, the variable in front: `record.account.industry`. */
export function pathsReadBy(steps: readonly Step[], conditionOf: (condition: Condition) => Pick<CompiledCondition, 'paths'>): Set<string> {
  const paths = new Set<string>();
  for (const { step } of walkSteps(steps)) for (const path of pathsReadByStep(step, conditionOf)) paths.add(path);
  return paths;
}

/** The same of one step, without those inside it. */
export function pathsReadByStep(step: Step, conditionOf: (condition: Condition) => Pick<CompiledCondition, 'paths'>): Set<string> {
  const paths = new Set<string>();
  const { templates = [], conditions = [] } = kindOf(step).reads?.(step) ?? {};
  for (const value of templates) addTemplatePaths(value, paths);
  for (const value of [step.extract, step.extractToContext]) addTemplatePaths(value, paths, OUTPUT_ROOT);
  for (const condition of conditions) for (const path of conditionOf(condition).paths) paths.add(path);
  return paths;
}

function addTemplatePaths(value: Json | undefined, paths: Set<string>, locals: readonly string[] = []): void {
  if (typeof value === 'string') {
    if (hasExpression(value)) for (const path of compileTemplate(value, { locals }).paths) paths.add(path);
  } else if (Array.isArray(value)) {
    for (const item of value) addTemplatePaths(item, paths, locals);
  } else if (isJsonObject(value)) {
    for (const member of Object.values(value)) addTemplatePaths(member, paths, locals);
  }
}
