#!/usr/bin/env node
import { EXIT } from './command.js';
import { runCommandLine, told } from './command-line.js';

const surroundings = {
  databaseUrl: process.env.DATABASE_URL,
  print: (line: string) => console.log(line),
  complain: (line: string) => console.error(line),
};

void runCommandLine(process.argv.slice(2), surroundings).then(
  (code) => {
    process.exitCode = code;
  },
  // Node would end with 1, which means that the schema is behind.
  (error: unknown) => {
    console.error(told(error));
    process.exitCode = EXIT.failed;
  },
);
