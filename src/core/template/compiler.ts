import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { isForbiddenKey } from '../storable-json.js';
import { invalidValue, isTruthy, TEMPLATE_HELPERS, type TemplateHelper, templateText, URL_HELPER } from './helpers.js';
import {
  type BlockNode,
  type CallNode,
  type ExpressionNode,
  type LiteralNode,
  type PartialNode,
  type ProgramNode,
  parseTemplate,
  type StatementNode,
  templateError,
} from './parser.js';
import { type Expression, optional, PathCompiler, type Reader, required } from './paths.js';
import type { Statement, TemplateRun } from './run.js';

/** A template made ready to run. */
export interface CompiledTemplate {
  body: Statement;
  /** Set when the source is exactly one expression: its value, before it becomes text. */
  single: Reader | null;
  paths: string[];
  /** What the author wrote, in the order of the source and whatever blocks stand around; null for each expression. */
  outline: (string | null)[];
}

/** What a template may use. Trusted ones come from files: they may use partials, and raw output in HTML. */
export interface CompileOptions {
  escape: 'none' | 'html';
  trusted: boolean;
  /** Variables that there are beside those of the scope, where the template stands. */
  locals: readonly string[];
}

const BLOCKS: ReadonlySet<string> = new Set(['if', 'unless', 'each', 'with']);
const HELPER_NAMES = `Helpers are ${[...TEMPLATE_HELPERS.keys()].join(', ')}.`;

/**
 * Turns a template into functions. It runs the syntax tree that Handlebars parses, but never the JavaScript that
 * Handlebars would generate from it: so nothing an admin writes becomes code, each step of a rendering is counted, and
 * members are looked up by one function that knows own members only.
 *
 * @throws AutomationError `template_invalid`, `template_too_large`
 */
export function compileProgram(source: string, options: CompileOptions): CompiledTemplate {
  const program = parseTemplate(source);
  const compiler = new TemplateCompiler(options);
  const body = compiler.program(program);
  const [only] = program.body;
  const single = program.body.length === 1 && only?.type === 'MustacheStatement' ? compiler.value(only) : null;
  return { body, single, paths: [...compiler.paths.paths], outline: compiler.outline };
}

class TemplateCompiler {
  readonly paths: PathCompiler;
  readonly outline: (string | null)[] = [];
  private readonly options: CompileOptions;

  constructor(options: CompileOptions) {
    this.options = options;
    this.paths = new PathCompiler(options.locals);
  }

  program(program: ProgramNode | undefined): Statement {
    const statements = (program?.body ?? []).map((node) => this.statement(node));
    return (run) => {
      for (const statement of statements) statement(run);
    };
  }

  /** The value of an expression that must exist. */
  value(node: ExpressionNode | CallNode): Reader {
    return required(this.expression(node));
  }

  private statement(node: StatementNode): Statement {
    switch (node.type) {
      case 'ContentStatement': {
        const { value } = node;
        this.outline.push(value);
        return (run) => run.write(value);
      }
      case 'CommentStatement':
        return () => undefined;
      case 'MustacheStatement': {
        const { escaped } = node;
        if (!escaped && this.options.escape === 'html' && !this.options.trusted) {
          throw templateError(node, 'raw output ({{{…}}} or {{&…}}) is not allowed in HTML.', 'Write {{…}}: the value is escaped.');
        }
        const value = this.value(node);
        const from = isCall(node) && calledName(node) === URL_HELPER ? 'url_helper' : 'expression';
        this.outline.push(null);
        return (run) => {
          const text = templateText(value(run));
          run.write(escaped ? run.escaped(text) : text, from);
        };
      }
      case 'BlockStatement':
        return this.block(node);
      case 'PartialStatement':
      case 'PartialBlockStatement':
        return this.partial(node);
      default:
        throw templateError(node, 'decorators and inline partials are not allowed.');
    }
  }

  private block(node: BlockNode): Statement {
    const name = calledName(node);
    if (!BLOCKS.has(name)) throw templateError(node, `there is no block "${name}".`, `Blocks are ${[...BLOCKS].join(', ')}.`);
    const [subject, ...rest] = node.params;
    if (subject === undefined || rest.length > 0) throw templateError(node, `{{#${name}}} takes one value.`);
    const isFrame = name === 'each' || name === 'with';
    const options = node.hash?.pairs ?? [];
    const extra = options.find(({ key }) => isFrame || key !== 'includeZero');
    if (extra !== undefined) throw templateError(node, `{{#${name}}} has no option "${extra.key}".`);
    if (isFrame) return this.frameBlock(node, name === 'each', subject);
    const condition = optional(this.expression(subject));
    const zeroIsTrue = options.map(({ value }) => this.value(value));
    const [yes, no] = [this.program(node.program), this.program(node.inverse)];
    return (run) => {
      const value = condition(run);
      const holds = isTruthy(value) || (value === 0 && zeroIsTrue.some((option) => option(run) === true));
      (holds === (name === 'if') ? yes : no)(run);
    };
  }

  private frameBlock(node: BlockNode, loop: boolean, subject: ExpressionNode): Statement {
    const expression = this.expression(subject);
    const value = required(expression);
    const around = { loop, params: node.program?.blockParams ?? [], path: loop ? undefined : expression.path };
    const body = this.paths.within(around, () => this.program(node.program));
    const otherwise = this.program(node.inverse);
    if (loop) return (run) => each(run, value(run), body, otherwise);
    return (run) => {
      const context = value(run);
      if (isTruthy(context) || context === 0) run.within({ value: context, key: '', first: true, last: true }, body);
      else otherwise(run);
    };
  }

  private partial(node: PartialNode): Statement {
    if (!this.options.trusted) throw templateError(node, 'partials are not allowed here.');
    const { name } = node;
    if (name.type !== 'PathExpression') throw templateError(node, 'the name of a partial must be written out.');
    if (name.data) {
      if (name.original !== '@partial-block') throw templateError(node, `there is no partial "${name.original}".`);
      return (run) => run.partialBlock();
    }
    const [context, ...rest] = node.params.map((param) => this.value(param));
    if (rest.length > 0) throw templateError(node, 'a partial takes one value, and parameters by name.');
    const pairs = node.hash?.pairs ?? [];
    const forbidden = pairs.find(({ key }) => isForbiddenKey(key));
    if (forbidden !== undefined) throw templateError(node, `"${forbidden.key}" cannot be set.`);
    const parameters = pairs.map(({ key, value }) => ({ key, value: this.value(value) }));
    const block = node.type === 'PartialBlockStatement' ? this.program(node.program) : null;
    return (run) => {
      run.spend(1);
      const given: JsonObject = {};
      for (const { key, value } of parameters) given[key] = value(run);
      const around = run.frames.at(-1)?.value;
      run.partial(name.original, context ? context(run) : isJsonObject(around) ? around : {}, given, block);
    };
  }

  private expression(node: ExpressionNode | CallNode): Expression {
    if ('path' in node) {
      return isCall(node) ? this.call(node) : this.expression(node.path);
    }
    return node.type === 'PathExpression' ? this.paths.compile(node) : literal(node);
  }

  private call(node: CallNode): Expression {
    const name = calledName(node);
    const helper = TEMPLATE_HELPERS.get(name);
    if (helper === undefined) throw templateError(node, `there is no helper "${name}".`, HELPER_NAMES);
    const [least, most] = helper.values;
    if (node.params.length < least || node.params.length > most + helper.positional.length) {
      throw templateError(node, `${name} takes ${least === most ? least : `${least} to ${most}`} value${most === 1 ? '' : 's'}.`);
    }
    const params = node.params.map((param) => this.expression(param));
    const values = params.slice(0, most).map(helper.acceptsMissing ? optional : required);
    const options = params.slice(most).map((value, index) => ({ name: helper.positional[index] as string, value }));
    for (const { key, value } of node.hash?.pairs ?? []) options.push({ name: key, value: this.expression(value) });
    for (const option of options) {
      if (!Object.hasOwn(helper.options, option.name)) throw templateError(node, `${name} has no option "${option.name}".`);
      const wrong = option.value.literal && checkOption(helper, option.name, option.value.literal.value);
      if (wrong) throw templateError(node, `${name}: ${wrong}.`);
    }
    const readers = options.map((option) => ({ name: option.name, read: required(option.value) }));
    return { written: name, read: (run) => callHelper(run, name, helper, values, readers) };
  }
}

/** Without values it is a field, even one called like a helper: invoices have a `number`. */
function isCall(node: CallNode): boolean {
  return node.type === 'SubExpression' || node.params.length > 0 || node.hash !== undefined;
}

function each(run: TemplateRun, list: Json, body: Statement, otherwise: Statement): void {
  if (list !== null && typeof list !== 'object') throw invalidValue('{{#each}} needs a list or an object.');
  const entries: [string | number, Json | undefined][] = Array.isArray(list) ? [...list.entries()] : Object.entries(list ?? {});
  if (entries.length === 0) otherwise(run);
  const last = entries.length - 1;
  entries.forEach(([key, value = null], index) => {
    run.countIteration();
    run.within({ value, key, first: index === 0, last: index === last }, body);
  });
}

function callHelper(
  run: TemplateRun,
  name: string,
  helper: TemplateHelper,
  values: Reader[],
  named: { name: string; read: Reader }[],
): Json {
  run.spend(helper.cost);
  const options: Record<string, Json> = {};
  for (const option of named) {
    const value = option.read(run);
    const wrong = checkOption(helper, option.name, value);
    if (wrong) throw invalidValue(`${name}: ${wrong}.`);
    if (value !== null) options[option.name] = value;
  }
  const result = helper.call({ values: values.map((value) => value(run)), options, timezone: run.timezone });
  // Long texts cost what they weigh, or a loop over them would be counted as a few cheap calls.
  if (typeof result === 'string') run.spend(result.length >> 8);
  return result;
}

/** What is wrong with the value of a helper's option; null is the same as not giving it. */
function checkOption(helper: TemplateHelper, name: string, value: Json): string | null {
  const check = helper.options[name] as (value: Json) => string | null;
  return value === null ? null : check(value);
}

function literal(node: LiteralNode): Expression {
  if (node.type === 'UndefinedLiteral') throw templateError(node, '"undefined" is not a value; write null.');
  const value = node.value ?? null;
  return { written: String(value), literal: { value }, read: () => value };
}

/** The name of the helper or block that a node calls. */
function calledName(node: CallNode): string {
  const { path } = node;
  if (path.type === 'PathExpression' && !path.data && path.depth === 0 && path.parts.length === 1 && path.original === path.parts[0]) {
    return path.original;
  }
  throw templateError(node, 'only helpers and blocks can be given values.', HELPER_NAMES);
}
