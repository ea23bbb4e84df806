import { MIGRATIONS } from '../store/migrations.js';
import { checkSchema, migrateSchema, pendingSql, schemaState } from '../store/schema.js';
import { type Command, EXIT } from './command.js';

/** The commands about the schema `automation`. */
export const schemaCommands: readonly Command[] = [
  {
    name: 'migrate',
    summary: 'brings the schema `automation` up to date',
    async run({ source, print }) {
      const applied = await migrateSchema(source, MIGRATIONS);
      for (const name of applied) print(`applied ${name}`);
      print(applied.length === 0 ? 'The schema was up to date.' : 'The schema is up to date.');
      return EXIT.ok;
    },
  },
  {
    name: 'status',
    summary: 'lists the migrations, those that have run and those that have not',
    async run({ source, print }) {
      const { hasSchema, applied, pending, newer } = await schemaState(source, MIGRATIONS);
      for (const name of applied) print(newer.includes(name) ? `newer    ${name}` : `applied  ${name}`);
      for (const name of pending) print(`pending  ${name}`);
      if (!hasSchema) print('The schema does not exist.');
      else if (pending.length > 0) print('The schema is not up to date.');
      else print(newer.length > 0 ? 'The schema is that of a newer release.' : 'The schema is up to date.');
      return EXIT.ok;
    },
  },
  {
    name: 'check',
    summary: `ends with ${EXIT.behind} when the schema is not up to date, with ${EXIT.failed} when the role may not use it`,
    async run({ source, print }) {
      const state = await schemaState(source, MIGRATIONS);
      if (state.pending.length > 0) {
        print(`The schema is not up to date; pending: ${state.pending.join(', ')}.`);
        return EXIT.behind;
      }
      await checkSchema(source, state);
      print('The schema is up to date, and the role may use it.');
      return EXIT.ok;
    },
  },
  {
    name: 'sql',
    summary: 'prints the SQL that `migrate` would run, and runs nothing; for `psql`, which ends at the first error (-v ON_ERROR_STOP=1)',
    async run({ source, print }) {
      const statements = await pendingSql(source, await schemaState(source, MIGRATIONS), MIGRATIONS);
      // Without it psql would go on after an error, and end as if there had been none.
      if (statements.length > 0) print('\\set ON_ERROR_STOP on');
      for (const statement of statements) print(`${statement};`);
      if (statements.length === 0) print('-- The schema is up to date.');
      return EXIT.ok;
    },
  },
];
