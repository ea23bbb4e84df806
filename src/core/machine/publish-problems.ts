import type { Catalog } from '../catalog.js';
import { type Executable, type ParsedDefinition, parseDefinition, publishProblems } from '../definition/parser.js';
import type { Problem } from '../errors.js';
import type { JsonObject } from '../json.js';
import { transitionLoops } from './loops.js';
import { transitionVersions } from './transition-versions.js';
import type { MachineDefinition } from './types.js';
import { wayInWords } from './warnings.js';

/** What keeps a well-formed machine from being published: what this version cannot run, and what would never end. */
export function machinePublishProblems(
  machine: MachineDefinition,
  json: JsonObject,
  catalog: Catalog & { executable: Executable },
): Problem[] {
  const ofSteps = transitionVersions(json).flatMap(({ path, definition }) => {
    // Whatever is a machine has transitions that are workflows.
    const parsed = parseDefinition(definition, null) as Extract<ParsedDefinition, { ok: true }>;
    return below(path, publishProblems(parsed.definition, catalog.executable));
  });
  const endless = transitionLoops(machine, catalog)
    .filter(({ isCertain }) => isCertain)
    .map(({ path, codes }) => ({
      path,
      message: `It fires again at once and for ever, by what its steps do: ${wayInWords(codes)}. Add a condition that no longer holds then.`,
    }));
  return [...ofSteps, ...endless];
}

/** Problems, or warnings, of what stands at a path. */
export function below<Remark extends { path: string }>(path: string, remarks: readonly Remark[]): Remark[] {
  return remarks.map((remark) => ({ ...remark, path: `${path}.${remark.path}` }));
}
