import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../../src/demo/project-root.js';

/** The newest release that is out: made by test/support/releases/pack.mjs. */
export const RELEASE_BEFORE = '0.1.0';

/** A release that is unpacked beside this one. */
export interface PackedRelease {
  /** Its own worker program, to be started in the place of ours. */
  program: string;
  remove(): Promise<void>;
}

/** Unpacks a release into a temporary folder; it runs with the dependencies of this one. */
export async function unpackRelease(version: string): Promise<PackedRelease> {
  const root = projectRoot();
  const folder = await mkdtemp(join(tmpdir(), `nestjs-crm-automation-${version}-`));
  const archive = join(root, 'test', 'support', 'releases', `nestjs-crm-automation-${version}.tgz`);
  await promisify(execFile)('tar', ['-xzf', archive, '-C', folder]);
  await symlink(join(root, 'node_modules'), join(folder, 'package', 'node_modules'), 'junction');
  return {
    program: join(folder, 'package', 'dist', 'test', 'faults', 'programs', 'crm-worker.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
