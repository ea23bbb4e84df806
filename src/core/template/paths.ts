import { RETRY_CORRECTED } from '../corrected-workflow.js';
import { AutomationError } from '../errors.js';
import type { Json } from '../json.js';
import { formatPath, isScopeRoot, type ParsedPath, readMember, rooted } from '../scope.js';
import { isForbiddenKey } from '../storable-json.js';
import { type PathNode, templateError } from './parser.js';
import type { Frame, TemplateRun } from './run.js';

/** A compiled expression. */
export interface Expression {
  /** undefined: the path does not exist. */
  read(run: TemplateRun): Json | undefined;
  /** As the author wrote it, for messages. */
  written: string;
  /** Set for literals. */
  literal?: { value: Json };
  /** The data path it reads, its variable first, where that is known without data. */
  path?: string[];
}

/** An expression with its demands on the data. */
export type Reader = (run: TemplateRun) => Json;

/** A block that changes what `this` is, seen from the inside. */
interface Surroundings {
  loop: boolean;
  /** The names in `as |item index|`. */
  params: string[];
  /** The data path that `this` stands for, where that is known without data. */
  path: string[] | undefined;
}

/** Paths that start at `this`, whatever stands around: `this`, `this.name`, `./name`, `.`. */
const SCOPED = /^(?:this(?:[./]|$)|\.(?:\/|$))/;

const LOOP_VARIABLES: ReadonlyMap<string, (frame: Frame) => Json> = new Map<string, (frame: Frame) => Json>([
  ['index', ({ key }) => key],
  ['key', ({ key }) => key],
  ['first', ({ first }) => first],
  ['last', ({ last }) => last],
]);

/**
 * Finds out, while a template is compiled, what its paths stand for: a variable of the scope, a field of the record, a
 * member of the block around. That depends on the template alone, never on the data. The names of variables mean the
 * variables inside blocks too; a member of an item that is called like one is written `this.record`.
 */
export class PathCompiler {
  /** Every data path read so far. */
  readonly paths = new Set<string>();
  /** The blocks around the node at hand, outermost first; at run time `run.frames` has one frame for each. */
  private readonly around: Surroundings[] = [];

  constructor(private readonly locals: readonly string[]) {}

  /** True inside a block that changes what `this` is. */
  get isInside(): boolean {
    return this.around.length > 0;
  }

  /** Compiles something that stands inside a block. */
  within<T>(around: Surroundings, compile: () => T): T {
    this.around.push(around);
    const compiled = compile();
    this.around.pop();
    return compiled;
  }

  /** @throws AutomationError `template_invalid` */
  compile(node: PathNode): Expression {
    const { parts, original, depth } = node;
    const forbidden = parts.find(isForbiddenKey);
    if (forbidden !== undefined) throw templateError(node, `"${forbidden}" cannot be read.`);
    if (node.data) return this.variable(node);
    const [first, ...below] = parts;
    if (first !== undefined && depth === 0 && !SCOPED.test(original)) {
      const named = this.named(original, first, below);
      if (named !== null) return named;
      if (!this.isInside || isScopeRoot(first) || this.locals.includes(first)) return this.top(original, [first, ...below]);
    }
    const index = this.around.length - 1 - depth;
    const around = this.around[index];
    if (around !== undefined) return this.below(index, original, around.path, parts, ({ value }) => readMember(value, parts));
    if (index < -1) throw templateError(node, `"${original}" goes further up than there are blocks around it.`);
    if (first === undefined) throw templateError(node, `"${original}" stands for nothing outside {{#each}} and {{#with}}.`);
    return this.top(original, [first, ...below]);
  }

  /** A path that starts with a name from `as |item index|`. */
  private named(written: string, first: string, below: string[]): Expression | null {
    const index = this.around.findLastIndex(({ params }) => params.includes(first));
    const around = this.around[index];
    if (around === undefined) return null;
    if (around.params[0] === first) return this.below(index, written, around.path, below, ({ value }) => readMember(value, below));
    return this.below(index, written, undefined, below, ({ key }) => readMember(key, below));
  }

  /** A path that stands on no block. */
  private top(written: string, segments: [string, ...string[]]): Expression {
    const path = this.rooted(segments);
    this.paths.add(formatPath(path));
    return { written, path: [path.root, ...path.segments], read: (run) => run.readTop(segments) };
  }

  /** A path that starts at the block number `index`. */
  private below(
    index: number,
    written: string,
    base: string[] | undefined,
    segments: string[],
    read: (frame: Frame) => Json | undefined,
  ): Expression {
    const path = base && [...base, ...segments];
    if (path !== undefined) this.paths.add(formatPath(this.rooted(path)));
    return { written, path, read: (run) => read(run.frames[index] as Frame) };
  }

  private rooted([first = '', ...rest]: readonly string[]): ParsedPath {
    return this.locals.includes(first) ? { root: first, segments: rest } : rooted([first, ...rest]);
  }

  /** `@index` and the like, and `@root.record`. */
  private variable(node: PathNode): Expression {
    const [name, first, ...below] = node.parts as [string, ...string[]];
    if (name === 'root' && first !== undefined) return this.top(node.original, [first, ...below]);
    const index = this.around.findLastIndex(({ loop }) => loop);
    const read = LOOP_VARIABLES.get(name);
    if (read === undefined || first !== undefined || node.depth > 0 || index < 0) {
      throw templateError(node, `"${node.original}" is not a variable here.`, 'Inside {{#each}} there are @index, @key, @first and @last.');
    }
    return { written: node.original, read: (run) => read(run.frames[index] as Frame) };
  }
}

/** Reads an expression that must exist. @throws AutomationError `template_path_missing` */
export function required(expression: Expression): Reader {
  return (run) => {
    run.spend(1);
    const value = expression.read(run);
    if (value !== undefined) return value;
    throw new AutomationError('template_path_missing', `"${expression.written}" does not exist for this run.`, {
      hint: `Correct the path, or say what to use in its place: {{default ${expression.written} "…"}}. ${RETRY_CORRECTED}`,
      details: { path: expression.written },
    });
  };
}

/** Reads an expression that may not exist: it is null then. */
export function optional(expression: Expression): Reader {
  return (run) => {
    run.spend(1);
    return expression.read(run) ?? null;
  };
}
