import type { DataSource } from 'typeorm';

/** How a command ends: what scripts of a deployment look at. */
export const EXIT = {
  ok: 0,
  /** The answer is no: the schema is not up to date. */
  behind: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The database cannot be reached, refuses something, or lacks a privilege. */
  failed: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An option of a command, beside those that all have. */
export interface CommandOption {
  type: 'boolean' | 'string';
  summary: string;
}

/** What a command works with. */
export interface CommandContext {
  /** Connected, made for our migrations and without entities. */
  source: DataSource;
  /** The command's own options, as given. */
  values: Readonly<Record<string, string | boolean | undefined>>;
  /** Writes a line to stdout. */
  print(line: string): void;
}

/** One word behind `npx nestjs-crm-automation`. An AutomationError that it throws is shown with its hint. */
export interface Command {
  name: string;
  summary: string;
  options?: Readonly<Record<string, CommandOption>>;
  run(context: CommandContext): Promise<ExitCode>;
}
