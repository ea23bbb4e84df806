import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { describeAction } from '../../src/actions/define-action.js';
import { builtInActions } from '../../src/actions/index.js';

/** The arguments of an action, those that it needs in bold. */
function rowOf(action: (typeof builtInActions)[number]): string {
  const { properties = {}, required = [] } = describeAction(action).argumentsSchema as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  const names = Object.keys(properties).map((name) => (required.includes(name) ? `**\`${name}\`**` : `\`${name}\``));
  return `| \`${action.type}\` | ${action.effect} | ${names.join(', ')} |`;
}

describe('the README', () => {
  it('lists every argument of the built-in actions, and no other', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const rows = builtInActions.map(rowOf);
    // The formatter pads the columns.
    const lines = readme.split('\n').map((line) => line.replace(/ +/g, ' '));
    expect(lines.filter((line) => /^\| `\w+` \| (local|external) \|/.test(line))).toEqual(rows);
  });
});
