import { IsNotEmpty, IsObject, IsString } from 'class-validator';
import type { ActionWrite } from '../core/catalog.js';
import type { JsonObject } from '../core/json.js';
import { Describe } from './arguments-schema.js';
import { defineAction } from './define-action.js';
import { fieldsProblems } from './field-arguments.js';
import { moduleNamed } from './other-records.js';
import { isKnown } from './rules.js';

/** What create_record takes. */
class CreateRecordArguments {
  @Describe('The module that the record is created in.', { example: 'contacts' })
  @IsString()
  @IsNotEmpty()
  module!: string;

  @Describe('Its fields and their values; the CRM gives it whatever else a new one has.', {
    example: { email: '{{record.email}}', accountId: '{{record.accountId}}' },
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
    return module ? fieldsProblems(args.fields, { target: module, source: about.module }, 'fields') : problems;
  },
  writes: ({ module }): ActionWrite[] => (typeof module === 'string' && isKnown(module) ? [{ kind: 'created', module }] : []),
  async execute({ module, fields }, step) {
    const record = await step.crm.createRecord(module, fields);
    return { id: String(record.id), module, record };
  },
});
