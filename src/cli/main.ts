#!/usr/bin/env node
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import { type Command, EXIT, type ExitCode } from './command.js';
import { connect } from './connect.js';
import { schemaCommands } from './schema-commands.js';
import { secretCommands } from './secret-commands.js';

/** Further commands are added here. */
const COMMANDS: readonly Command[] = [...schemaCommands, ...secretCommands];

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

async function main(args: string[]): Promise<ExitCode> {
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
    console.log(usage());
    return EXIT.ok;
  }
  const [name, ...more] = positionals;
  const command = COMMANDS.find((one) => one.name === name);
  if (name === undefined) return wrongUsage('Which command?');
  if (!command) return wrongUsage(`There is no command '${name}'.`);
  if (more.length > 0) return wrongUsage(`'${name}' takes no '${more.join(' ')}'.`);
  const foreign = Object.keys(values).find((option) => !(option in COMMON) && !(option in (command.options ?? {})));
  if (foreign !== undefined) return wrongUsage(`'${name}' has no option --${foreign}.`);
  const url = values.url ?? process.env.DATABASE_URL;
  if (typeof url !== 'string' || !/^postgres(ql)?:\/\//.test(url)) {
    return wrongUsage('Say which database by --url or DATABASE_URL: postgres://user:password@host:5432/name.');
  }
  return connected(url, (source) => command.run({ source, values, print: (line) => console.log(line) }));
}

async function connected(url: string, work: (source: DataSource) => Promise<ExitCode>): Promise<ExitCode> {
  let source: DataSource | undefined;
  try {
    source = await connect(url);
    return await work(source);
  } catch (error) {
    console.error(told(error));
    return EXIT.failed;
  } finally {
    await source?.destroy();
  }
}

function wrongUsage(message: string): ExitCode {
  console.error(`${message}\n\n${usage()}`);
  return EXIT.usage;
}

/** What happened and what to do, without a stack: the reader is no programmer of ours. */
function told(error: unknown): string {
  if (error instanceof AutomationError) return `${error.message}${error.hint === undefined ? '' : `\n${error.hint}`}`;
  // A refused connection to a name with several addresses has no message of its own.
  if (error instanceof AggregateError) return error.errors.map(told).join('\n');
  return error instanceof Error ? error.message : String(error);
}

void main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  // Node would end with 1, which means that the schema is behind.
  (error: unknown) => {
    console.error(told(error));
    process.exitCode = EXIT.failed;
  },
);
