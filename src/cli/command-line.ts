import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { didYouMean } from '../core/nearest.js';
import { type Command, EXIT, type ExitCode } from './command.js';
import { connect } from './connect.js';
import { schemaCommands } from './schema-commands.js';
import { secretCommands } from './secret-commands.js';

/** Further commands are added here. */
const COMMANDS: readonly Command[] = [...schemaCommands, ...secretCommands];
const commandNames = COMMANDS.map(({ name }) => name);

const COMMON = {
  url: { type: 'string', summary: "the database's URL; default: the environment's DATABASE_URL" },
  help: { type: 'boolean', short: 'h', summary: 'shows this' },
} as const;

function usage(): string {
  const row = (name: string, summary: string): string => `  ${name.padEnd(16)} ${summary}`;
  const optionRow = ([name, { type, summary }]: [string, { type: string; summary: string }]): string =>
    row(`--${name}${type === 'string' ? ' <text>' : ''}`, summary);
  return [
    'Usage: nestjs-crm-automation <command> [options]',
    '',
    'Commands:',
    ...COMMANDS.flatMap(({ name, summary, options = {} }) => [
      row(name, summary),
      ...Object.entries(options).map((one) => `  ${optionRow(one)}`),
    ]),
    '',
    'Options:',
    ...Object.entries(COMMON).map(optionRow),
    '',
    `Exit codes: ${EXIT.ok} done; ${EXIT.behind} the schema is not up to date (check); ${EXIT.usage} wrong command line; ${EXIT.failed} the database could not be reached, or refused something.`,
  ].join('\n');
}

/** Whom a command line speaks to: the process, or a test. */
export interface Surroundings {
  databaseUrl: string | undefined;
  /** Each of them takes a line. */
  print(line: string): void;
  complain(line: string): void;
}

/** Runs a command line. Returns the code to exit with. */
export async function runCommandLine(args: string[], surroundings: Surroundings): Promise<ExitCode> {
  const { databaseUrl, print, complain } = surroundings;
  const wrongUsage = (message: string): ExitCode => {
    complain(`${message}\n\n${usage()}`);
    return EXIT.usage;
  };
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    const own = COMMANDS.flatMap(({ options = {} }) => Object.entries(options).map(([name, { type }]) => [name, { type }] as const));
    const { url, help } = COMMON;
    const options = { url: { type: url.type }, help: { type: help.type, short: help.short }, ...Object.fromEntries(own) };
    parsed = parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    return wrongUsage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help) {
    print(usage());
    return EXIT.ok;
  }
  const [name, ...more] = positionals;
  const command = COMMANDS.find((one) => one.name === name);
  if (name === undefined) return wrongUsage('Which command?');
  if (!command) return wrongUsage(`There is no command '${name}'.${didYouMean(name, commandNames)}`);
  if (more.length > 0) return wrongUsage(`'${name}' takes no '${more.join(' ')}'.`);
  const foreign = Object.keys(values).find((option) => !(option in COMMON) && !(option in (command.options ?? {})));
  if (foreign !== undefined) return wrongUsage(`'${name}' has no option --${foreign}.`);
  const url = values.url ?? databaseUrl;
  if (typeof url !== 'string' || !/^postgres(ql)?:\/\//.test(url)) {
    return wrongUsage('Say which database by --url or DATABASE_URL: postgres://user:password@host:5432/name.');
  }
  let source: DataSource | undefined;
  try {
    source = await connect(url);
    return await command.run({ source, values, print });
  } catch (error) {
    complain(told(error));
    return EXIT.failed;
  } finally {
    await source?.destroy();
  }
}

/** What happened and what to do, without a stack: the reader is no programmer of ours. */
export function told(error: unknown): string {
  if (error instanceof AutomationError) return `${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`;
  // A refused connection to a name with several addresses has no message of its own.
  if (error instanceof AggregateError) return error.errors.map(told).join('\n');
  return error instanceof Error ? error.message : String(error);
}
