import { parsePath } from '../scope.js';

const ROOT = 'machine';

/** Returns the codes of the machines that these paths read, the variable in front. */
export function machinesIn(paths: Iterable<string>): string[] {
  const codes = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(`${ROOT}.`)) continue;
    const code = parsePath(path)?.segments[0];
    if (code !== undefined) codes.add(code);
  }
  return [...codes];
}
