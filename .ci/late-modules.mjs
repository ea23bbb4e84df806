// Which of our modules the CommonJS build keeps in a file that is loaded by the first call of a function in it, because no
// start calls one: a sixth of what Node would have to read before the host listens.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** What decides when something happens (test/e2e/import-cost.test.ts holds that no start calls it). */
const LATE = /^(core\/(condition|definition|machine|operators|people|plan|start|statistics|summary|template|trigger|why)|host\/session)\//;
/**
 * Returns the late ones among the compiled files (their paths): without those of which a file that is loaded at once uses
 * something outside of its functions, in a decorator or in the value of a constant.
 */
export function lateModules(files) {
  const modules = files.filter((file) => file.endsWith('.js'));
  const late = new Set(modules.filter((file) => LATE.test(nameOf(file))));
  const used = new Map(modules.map((file) => [file, usedAtOnce(file)]));
  const eager = modules.filter((file) => !late.has(file));
  for (const file of eager) for (const needed of used.get(file) ?? []) if (late.delete(needed)) eager.push(needed);
  return late;
}

const nameOf = (file) => file.split(/[\\/]/).slice(2).join('/');

/** The files of ours from which the file uses something while it is loaded. */
function usedAtOnce(file) {
  const sources = new Map();
  const used = new Set();
  const use = (source) => source.startsWith('.') && used.add(join(dirname(file), source));
  const { body } = parseAst(readFileSync(file, 'utf8'));
  for (const { type, source, specifiers } of body) {
    if (!source) continue;
    if (type !== 'ImportDeclaration' || specifiers.length === 0) use(source.value);
    else for (const { local } of specifiers) sources.set(local.name, source.value);
  }
  visit(
    body.filter(({ type }) => type !== 'ImportDeclaration'),
    (name) => sources.has(name) && use(sources.get(name)),
  );
  return used;
}

/** Tells the names that are read where the node stands, not those in its functions. A name too many does no harm. */
function visit(node, tell) {
  if (Array.isArray(node)) for (const one of node) visit(one, tell);
  if (typeof node?.type !== 'string' || /Function/.test(node.type)) return;
  if (node.type === 'PropertyDefinition' && !node.static) return;
  if (node.type === 'Identifier') tell(node.name);
  for (const part of Object.values(node)) if (typeof part === 'object') visit(part, tell);
}
