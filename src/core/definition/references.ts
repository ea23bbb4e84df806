import type { Catalog, FieldType, ModuleDescription, OutputShape } from '../catalog.js';
import { findField } from '../condition/field-types.js';
import { OUTPUT_ROOT } from '../extract.js';
import { isJsonObject, type Json } from '../json.js';
import { didYouMean } from '../nearest.js';
import { type ParsedPath, parsePath } from '../scope.js';
import { compileTemplate, hasExpression } from '../template/template.js';
import type { ProblemList } from './problem-list.js';

/** Below `steps.<id>`: where somebody outside answers it. */
const ADDRESS = 'resumeUrl';

/** From where a template or a condition looks at the run. */
export interface Viewpoint {
  /** Ids of the steps that can be over by then. */
  visible: ReadonlySet<string>;
  /** The ids of the for_each steps around it, the outermost first; inside one `item` and `index` exist. */
  loops: readonly string[];
}

/** What a value is that is looked through. */
interface Where {
  inCondition?: boolean;
  /** The step whose output it may read. */
  extractedFrom?: string;
}

/**
 * Checks what templates and conditions read of the run: that templates name fields which the catalog knows (for
 * conditions `conditionProblems` does), that `steps`, `item` and `index` can be there, and that steps leave what is read of
 * them. Which steps there are is known at the end only.
 */
export class References {
  private readonly steps = new Map<string, string>();
  private readonly shapes = new Map<string, OutputShape>();
  private readonly missing: { path: string; id: string }[] = [];
  private readonly reads: { path: string; id: string; members: string[] }[] = [];
  private readonly addressed = new Map<string, readonly string[]>();
  private readonly addressReads: { path: string; id: string; loops: readonly string[] }[] = [];
  private readonly wanted: { path: string; id: string; members: string[]; fits: (type: FoundType) => boolean; wanted: string }[] = [];
  private incomplete = false;

  constructor(
    private readonly problems: ProblemList,
    private readonly module: ModuleDescription | null,
    private readonly catalog: Catalog | null,
  ) {}

  /** Where the step of this id stands; undefined when there is none yet. */
  locate(id: string): string | undefined {
    return this.steps.get(id);
  }

  declare(id: string, path: string): void {
    this.steps.set(id, path);
  }

  /** What the step of this id leaves as its output. */
  describe(id: string, output: OutputShape): void {
    this.shapes.set(id, output);
  }

  /** The step of this id has an address from outside, inside these loops. */
  address(id: string, loops: readonly string[]): void {
    this.addressed.set(id, loops);
  }

  /** Part of the definition could not be read: an unknown id may well be in there, so none is told. */
  giveUpOnUnknown(): void {
    this.incomplete = true;
  }

  /** The templates in a value: every text inside. */
  ofTemplates(value: Json | undefined, path: string, view: Viewpoint): void {
    this.walk(value, path, view, {});
  }

  /** The templates of what the step of this id extracts: they may read its own output besides. */
  ofExtraction(value: Json, path: string, view: Viewpoint, id: string): void {
    this.walk(value, path, view, { extractedFrom: id });
  }

  /** One expression that is to yield a list. */
  ofList(expression: string, path: string): void {
    this.ofWanted(expression, path, (type) => type === 'list' || type === 'json', 'A loop goes through a list');
  }

  /** One expression that is to yield users. */
  ofUsers(expression: string, path: string): void {
    const root = parsePath(PLAIN_PATH.exec(expression)?.[1] ?? '')?.root;
    if (root !== undefined && NOBODYS.has(root)) this.problems.add(path, `Users are asked by their ids, and "${root}" never holds one.`);
    else this.ofWanted(expression, path, (type) => type !== 'object' && !NAMELESS.has(type), 'Users are asked by their ids');
  }

  /** One expression whose type has to fit. What a step leaves is known at the end only. */
  private ofWanted(expression: string, path: string, fits: (type: FoundType) => boolean, wanted: string): void {
    const text = PLAIN_PATH.exec(expression)?.[1] ?? '';
    const parsed = parsePath(text);
    if (!parsed) return;
    const [id, ...members] = parsed.segments;
    if (parsed.root === 'steps' && id !== undefined) this.wanted.push({ path, id, members, fits, wanted });
    const finding = findField(parsed, this.module, this.catalog);
    const known = 'type' in finding ? finding.type : null;
    const type = known ?? (id === undefined && OBJECTS.has(parsed.root) ? 'object' : null);
    if (type !== null && !fits(type)) this.problems.add(path, `${wanted}, and "${text}" is ${inWords(type)}.`);
  }

  /** The fields and templates of a condition. */
  ofCondition(condition: Json | undefined, path: string, view: Viewpoint): void {
    this.walk(condition, path, view, { inCondition: true });
  }

  /** Notes the problems. */
  report(): void {
    for (const { path, id } of this.missing) {
      if (this.steps.has(id)) {
        this.problems.add(
          path,
          `Step "${id}" is never over before this step, or has no output: only earlier steps, not those of other branches, can be used.`,
        );
      } else if (!this.incomplete) this.problems.add(path, `There is no step "${id}".${didYouMean(id, this.steps.keys())}`);
    }
    for (const { path, id, members } of this.reads) {
      const shape = this.shapes.get(id);
      const problem = shape && missingOutput(id, shape, members);
      if (problem) this.problems.add(path, problem);
    }
    for (const { path, id, loops } of this.addressReads) {
      const around = this.addressed.get(id);
      if (around === undefined) {
        if (this.steps.has(id)) this.problems.add(path, `Step "${id}" has no "${ADDRESS}": it is that of a wait_for_webhook.`);
        else if (!this.incomplete) this.problems.add(path, `There is no step "${id}".${didYouMean(id, this.addressed.keys())}`);
      } else if (around.some((loop, index) => loops[index] !== loop)) {
        this.problems.add(path, `Step "${id}" has an address for each item of its loop: only steps for the same item can use it.`);
      }
    }
    for (const { path, id, members, fits, wanted } of this.wanted) {
      const type = this.typeLeft(id, members);
      if (type !== null && !fits(type)) {
        this.problems.add(path, `${wanted}, and "${members.join('.') || id}" of step "${id}" is ${inWords(type)}.`);
      }
    }
  }

  private typeLeft(id: string, members: readonly string[]): FoundType | null {
    if (members[0] === ADDRESS && members.length === 1) return 'text';
    const shape = this.shapes.get(id);
    const type = shape && missingOutput(id, shape, members) === null ? typeAt(shape, members) : null;
    return typeof type === 'object' && type !== null ? 'object' : type;
  }

  private walk(value: Json | undefined, path: string, view: Viewpoint, where: Where): void {
    const { inCondition = false, extractedFrom: id } = where;
    if (typeof value === 'string') {
      for (const read of templatePaths(value, id === undefined ? [] : OUTPUT_ROOT)) {
        // Listed with their variable in front, so no field of the record is called like this.
        if (id !== undefined && /^output(\.|$)/.test(read))
          this.reads.push({ path, id, members: (parsePath(read) as ParsedPath).segments });
        else {
          this.note(read, path, view);
          this.checkField(read, path);
        }
      }
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.walk(item, `${path}[${index}]`, view, where);
    } else if (isJsonObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        if (inCondition && key === 'field' && typeof member === 'string') this.note(member, `${path}.field`, view);
        else this.walk(member, `${path}.${key}`, view, where);
      }
    }
  }

  private checkField(read: string, path: string): void {
    const parsed = parsePath(read);
    const finding = parsed && findField(parsed, this.module, this.catalog);
    if (finding && 'problem' in finding) this.problems.add(path, finding.problem);
  }

  private note(read: string, path: string, view: Viewpoint): void {
    const parsed = parsePath(read);
    if (!parsed) return;
    if ((parsed.root === 'item' || parsed.root === 'index') && view.loops.length === 0) {
      this.problems.add(path, `"${parsed.root}" exists only inside a for_each.`);
    }
    if (parsed.root !== 'steps') return;
    const [id, ...members] = parsed.segments;
    if (id === undefined) return;
    if (members[0] === ADDRESS && members.length === 1) this.addressReads.push({ path, id, loops: view.loops });
    else if (view.visible.has(id)) this.reads.push({ path, id, members });
    else this.missing.push({ path, id });
  }
}

/** What is known of a value; an object is no JSON of which nothing more is known. */
type FoundType = FieldType | 'object';

/** Variables that hold objects as a whole. */
const OBJECTS: ReadonlySet<string> = new Set([
  'record',
  'previous',
  'changes',
  'trigger',
  'context',
  'steps',
  'machine',
  'actor',
  'workflow',
  'run',
]);
/** Variables in which nobody's id is ever found. */
const NOBODYS: ReadonlySet<string> = new Set(['workflow', 'run', 'machine', 'now', 'uuid', 'index']);
/** What fields of these types hold is nobody's id. */
const NAMELESS: ReadonlySet<FoundType> = new Set(['boolean', 'money', 'date', 'datetime']);

function inWords(type: FoundType): string {
  return type === 'object' ? 'an object' : `of type ${type}`;
}

/** What a template reads; nothing when it does not compile, which {@link templateProblems} tells. */
function templatePaths(text: string, locals: readonly string[]): readonly string[] {
  if (!hasExpression(text)) return [];
  try {
    return compileTemplate(text, { locals }).paths;
  } catch {
    return [];
  }
}

/** An expression that is nothing but a path. */
const PLAIN_PATH = /^\s*\{\{\s*([\w.$-]+)\s*\}\}\s*$/;

/** What a step leaves below `steps.<id>`, as far as that is known; null where it is not. */
function typeAt(shape: OutputShape, [first, ...members]: readonly string[]): FieldType | OutputShape | null {
  let here: FieldType | OutputShape = first === undefined ? { output: shape } : shape;
  for (const member of members) {
    if (typeof here === 'string') return null;
    here = here[member] as FieldType | OutputShape;
  }
  return here;
}

/** Why the members below `steps.<id>` cannot be there; null when they can. */
function missingOutput(id: string, shape: OutputShape, [first, ...members]: readonly string[]): string | null {
  if (first === undefined) return null;
  if (first !== 'output') return `Of step "${id}" nothing but "output" can be read, not "${first}".`;
  let here: FieldType | OutputShape = shape;
  for (const [index, member] of members.entries()) {
    if (here === 'json' || here === 'list') return null;
    const name = ['output', ...members.slice(0, index)].join('.');
    if (typeof here === 'string') return `"${name}" of step "${id}" has no members: it is of type ${here}.`;
    const next: FieldType | OutputShape | undefined = Object.hasOwn(here, member) ? here[member] : undefined;
    if (next === undefined) {
      const known = Object.keys(here).join(', ');
      return `Step "${id}" never has "${name}.${member}"; ${known === '' ? `its "${name}" is empty` : `of "${name}" there is: ${known}`}.`;
    }
    here = next;
  }
  return null;
}
