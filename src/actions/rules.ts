import { registerDecorator, ValidateIf, type ValidationOptions } from 'class-validator';
import type { ModuleDescription } from '../core/catalog.js';
import { RETRY_CORRECTED } from '../core/corrected-workflow.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { RecordRef } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { hasExpression } from '../core/template/template.js';
import type { StepContext } from './action.js';

/** Property decorator: a rule that returns what is wrong with a value, or null; a missing value is always wrong. `schema` is what it means in JSON Schema. */
export function Rule(name: string, schema: JsonObject, check: (value: unknown) => string | null): PropertyDecorator {
  return (prototype, property) => {
    const options: ValidationOptions = { context: { schema } };
    registerDecorator({
      name,
      target: prototype.constructor,
      propertyName: String(property),
      options,
      validator: {
        validate: (value: unknown) => value !== undefined && check(value) === null,
        defaultMessage: (about) => `${about?.property} ${check(about?.value)}`,
      },
    });
  };
}

/** Property decorator: the argument may be left out; unlike IsOptional, null is a value like any other. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

/** Whether a text of a definition is only known once its `{{…}}` are rendered. */
export function isKnown(value: Json | undefined): value is Json {
  return value !== undefined && !(typeof value === 'string' && hasExpression(value));
}

/** A problem unless exactly one of the arguments is given. */
export function exactlyOne(args: JsonObject, names: readonly string[]): Problem[] {
  const given = names.filter((name) => args[name] !== undefined);
  if (given.length === 1) {
    return [];
  }
  const path = given[1] ?? names[0] ?? '';
  return [{ path, message: `give exactly one of ${names.join(', ')}${given.length === 0 ? '' : `, not ${given.join(' and ')}`}` }];
}

/** Throws `arguments_invalid` when there are problems: for rules across arguments, which hold at run time too. */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) {
    throw new AutomationError('arguments_invalid', problems.map(({ path, message }) => `${path}: ${message}`).join('; '), {
      hint: `Correct the step. ${RETRY_CORRECTED}`,
      problems: [...problems],
    });
  }
}

/** The record and module that a step is about. Throws `record_required` when the run is about none. */
export function requireRecord(step: StepContext): { record: RecordRef; module: ModuleDescription } {
  if (!step.record || !step.module) {
    throw new AutomationError('record_required', 'This run is about no record, but the step changes one', {
      hint: 'Use this step in workflows that a CRM event starts, or start the workflow with a record.',
    });
  }
  return { record: step.record, module: step.module };
}

/** At save: a step that works on the record needs a trigger that brings one. */
export function needsModule(module: ModuleDescription | null): Problem[] {
  return module ? [] : [{ path: '', message: 'this step works on a record, but the trigger of the workflow brings none' }];
}

/** The error for a record that is gone. */
export function recordGone({ module, id }: RecordRef): AutomationError {
  return new AutomationError('record_not_found', `The record ${id} of ${module} is not there any more`, {
    hint: 'It was deleted after the run started. There is nothing to do, unless it can be restored.',
  });
}
