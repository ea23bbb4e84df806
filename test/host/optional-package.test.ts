import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { ifInstalled } from '../../src/host/optional-package.js';

function failure(code: string, message: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(message), { code }));
}

describe('a package that the host may leave out', () => {
  it('is what it exports, where it is installed', async () => {
    expect(await ifInstalled('node:path', () => import('node:path'))).toHaveProperty('join');
  });

  it.each([
    [
      'Node, from ESM',
      'ERR_MODULE_NOT_FOUND',
      "Cannot find package '@nestjs/swagger' imported from /crm/node_modules/nestjs-crm-automation/a.js",
    ],
    ['Node, from CommonJS', 'MODULE_NOT_FOUND', "Cannot find module '@nestjs/swagger'\nRequire stack:\n- /crm/a.js"],
    ['Jest', 'MODULE_NOT_FOUND', "Cannot find module '@nestjs/swagger' from 'node_modules/nestjs-crm-automation/a.js'"],
    ['Yarn', 'MODULE_NOT_FOUND', "nestjs-crm-automation tried to access @nestjs/swagger (a peer dependency) but it isn't provided by crm"],
  ])('is null where %s does not find it', async (_, code, message) => {
    expect(await ifInstalled('@nestjs/swagger', failure(code, message))).toBeNull();
  });

  it('is null where the error comes from another realm, as in Jest', async () => {
    const error: unknown = runInNewContext(
      `Object.assign(new Error("Cannot find module '@nestjs/swagger' from 'a.js'"), { code: 'MODULE_NOT_FOUND' })`,
    );
    expect(error).not.toBeInstanceOf(Error);
    expect(await ifInstalled('@nestjs/swagger', () => Promise.reject(error))).toBeNull();
  });

  it.each([
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'js-yaml' imported from /crm/node_modules/@nestjs/swagger/dist/index.js"],
    ['ERR_REQUIRE_ESM', "require() of ES Module '@nestjs/swagger' not supported"],
  ])('is an error where it is broken: %s', async (code, message) => {
    await expect(ifInstalled('@nestjs/swagger', failure(code, message))).rejects.toThrow(message);
  });
});
