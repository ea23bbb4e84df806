import { describe, expect, it } from '@jest/globals';
import { readWorkflowFile, withCodes } from '../../../src/core/definition/workflow-file.js';

const FILE = {
  format: 'nestjs-crm-automation/workflow',
  formatVersion: 1,
  code: 'welcome',
  name: 'Welcome',
  description: null,
  definition: { trigger: 'soon' },
};

describe('a workflow as a file', () => {
  it('is read, whatever its definition holds', () => {
    const { code, name, description, definition } = FILE;
    expect(readWorkflowFile(FILE)).toEqual({ ok: true, file: { code, name, description, definition } });
  });

  it('may leave out code and description', () => {
    const { code: _, description: __, ...rest } = FILE;
    expect(readWorkflowFile(rest)).toMatchObject({ ok: true, file: { code: null, description: null } });
    expect(readWorkflowFile({ ...FILE, description: 'Hello.' })).toMatchObject({ ok: true, file: { description: 'Hello.' } });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['a list', [FILE], 'body', /JSON object/],
    ['nothing', undefined, 'body', /JSON object/],
    ["another tool's file", { nodes: [], connections: {} }, 'format', /^This is no exported workflow/],
    ['an older format', { ...FILE, formatVersion: 0 }, 'formatVersion', /^formatVersion must be 1/],
    ['a version that is no number', { ...FILE, formatVersion: '1' }, 'formatVersion', /^formatVersion must be 1/],
    ['a newer release', { ...FILE, formatVersion: 2, more: 1 }, 'formatVersion', /^The file was made by a newer release/],
    ['a member that nobody knows', { ...FILE, id: 'x' }, 'id', /should not exist/],
    ['a code of another form', { ...FILE, code: 'Welcome!' }, 'code', /small letter/],
    ['a code that is null', { ...FILE, code: null }, 'code', /small letter/],
    ['no name', { ...FILE, name: undefined }, 'name', /1 to 200/],
    ['a blank name', { ...FILE, name: '  ' }, 'name', /not blank/],
    ['a long name', { ...FILE, name: 'x'.repeat(201) }, 'name', /1 to 200/],
    ['a description that is no text', { ...FILE, description: 5 }, 'description', /2000/],
    ['a definition that is a list', { ...FILE, definition: [] }, 'definition', /object/],
  ])('is refused with one sentence: %s', (_what, json, path, message) => {
    expect(readWorkflowFile(json)).toEqual({ ok: false, problems: [{ path, message: expect.stringMatching(message) }] });
  });

  it('is refused with all that is wrong with it', () => {
    const outcome = readWorkflowFile({ ...FILE, name: 5, definition: 'x', id: 1 });
    expect(outcome).toMatchObject({ ok: false, problems: [{ path: 'id' }, { path: 'name' }, { path: 'definition' }] });
  });

  it('names other workflows by their codes, in whichever branch, and keeps the order of members', () => {
    const id = '019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11';
    const call = (workflow: string) => ({ workflow, type: 'run_workflow', id: 'x' });
    const definition = (workflow: string) => ({
      steps: [
        { id: 'b', type: 'branch', otherwise: [call(workflow)] },
        { id: 'task', type: 'create_task', with: { type: 'run_workflow', workflow: id } },
        call('019a9f3c-5b7e-7c31-9d3c-000000000000'),
        call('by-code'),
        { type: 'run_workflow', workflow: 5 },
      ],
    });
    const portable = withCodes(definition(id.toUpperCase()), new Map([[id, 'other']]));
    expect(JSON.stringify(portable)).toBe(JSON.stringify(definition('other')));
  });
});
