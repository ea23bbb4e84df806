import { IsNotEmpty, IsObject, IsString } from 'class-validator';
import type { ActionWrite, ModuleDescription } from '../core/catalog.js';
import type { Problem } from '../core/errors.js';
import { isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { fieldsMissing } from '../core/module-shape.js';
import { CRM_HOST, type CrmHost } from '../host/crm-host.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { fieldsProblems } from './field-arguments.js';
import { moduleNamed } from './other-records.js';
import { isKnown } from './rules.js';

/** What create_record takes. */
class CreateRecordArguments {
  @Describe('The module that the record is created in.', { example: 'contacts', control: 'module' })
  @IsString()
  @IsNotEmpty()
  module!: string;

  @Describe('Its fields and their values; the CRM gives it whatever else a new one has.', {
    example: { email: '{{record.email}}', accountId: '{{record.accountId}}' },
    control: 'writable-field',
    module: ['module'],
  })
  @IsObject()
  fields!: JsonObject;
}

/** Creates a record in the CRM. */
export const createRecord = defineAction({
  type: 'create_record',
  label: 'Create record',
  description: 'Creates a record of any module, once however often the step is tried.',
  effect: 'local',
  transaction: 'shared',
  arguments: CreateRecordArguments,
  output: { id: 'text', module: 'text', record: 'json' },
  check: (args, about) => {
    const { module, problems } = moduleNamed(args.module, 'module', about);
    if (!module) return problems;
    return [
      ...(about.inject?.<CrmHost>(CRM_HOST).createRecord ? [] : [{ path: 'module', message: 'this CRM creates no records for workflows' }]),
      ...fieldsProblems(args.fields, { target: module, source: about.module }, 'fields'),
      ...missingProblems(args.fields, module),
    ];
  },
  writes: ({ module }): ActionWrite[] => (typeof module === 'string' && isKnown(module) ? [{ kind: 'created', module }] : []),
  async execute({ module, fields }, step) {
    const record = await step.crm.createRecord(module, fields);
    return { id: String(record.id), module, record };
  },
});

/** A whole object that a template gives (`"{{trigger.body}}"`) is no object yet, and is not looked at. */
function missingProblems(fields: Json | undefined, module: ModuleDescription): Problem[] {
  if (!isJsonObject(fields)) return [];
  return fieldsMissing(module, Object.keys(fields)).map((name) => ({
    path: 'fields',
    message: `a new record of ${module.label} needs '${name}': nothing else gives it a value`,
  }));
}
